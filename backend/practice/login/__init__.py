"""The simulator of Meta's two logins: the dialogs that people see, and the tokens that come of them."""

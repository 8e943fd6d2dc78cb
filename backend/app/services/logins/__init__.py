"""Logins at Meta: a journey there and back, what can be chosen afterwards, and its end."""

from app.services.logins.callbacks import Callbacks
from app.services.logins.connecting import Attempt, Choice, Connecting, Gates, channel_of
from app.services.logins.renewal import LoginRenewal
from app.services.logins.sealing import Sealing

__all__ = ["Attempt", "Callbacks", "Choice", "Connecting", "Gates", "LoginRenewal", "Sealing", "channel_of"]

"""Real servers for the tests: started here, on loopback, on free ports, and always stopped again."""

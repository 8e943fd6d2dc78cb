"""The stores themselves: whether they do what they must, and moving from one to another."""

from app.services.storage.checking import Report, check
from app.services.storage.moving import Move, Moved

__all__ = ["Move", "Moved", "Report", "check"]

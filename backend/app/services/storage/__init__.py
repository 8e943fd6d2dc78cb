"""The stores themselves: whether they do what they must."""

from app.services.storage.checking import Report, check

__all__ = ["Report", "check"]

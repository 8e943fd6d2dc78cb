"""Tables, and the named questions asked of them. Importing this package knows every table."""

from app.models import (
    api_keys,
    businesses,
    channels,
    direct_uploads,
    generations,
    idempotency,
    images,
    logins,
    posts,
    sending,
    storage,
    usage,
    users,
)

__all__ = [
    "api_keys",
    "businesses",
    "channels",
    "direct_uploads",
    "generations",
    "idempotency",
    "images",
    "logins",
    "posts",
    "sending",
    "storage",
    "usage",
    "users",
]

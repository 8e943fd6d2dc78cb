"""Meta's two logins. Facebook Login gives Pages and the Instagram accounts linked to them, Instagram Login
one Instagram account without a Page.

The texts of Meta's errors are in the person's language and may hold addresses: they are never passed on.
"""

from app.providers.publishing.login.facebook import FacebookLogin
from app.providers.publishing.login.instagram import InstagramLogin

__all__ = ["FacebookLogin", "InstagramLogin"]

"""Cloudinary: signed uploads, removal, and the delivery of the very bytes."""

"""Stability AI's stable-image endpoints."""

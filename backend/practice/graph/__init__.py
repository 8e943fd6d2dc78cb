"""The Graph API simulator."""

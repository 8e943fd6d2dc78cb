"""AIGrowth: pictures in, posts out."""

__version__ = "0.1.0"

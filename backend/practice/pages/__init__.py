"""The pages where practice posts can be looked at."""

"""The image provider simulator: OpenAI's Images API."""

"""Stable Diffusion servers of one's own: AUTOMATIC1111 and ComfyUI."""

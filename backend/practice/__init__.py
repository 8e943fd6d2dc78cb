"""Practice mode: simulators of Meta, of the AI image providers and of Cloudinary, spoken to over HTTP.

They keep the providers' real rules, so that the product's own adapters are what runs, and they have
faults that can be switched on. Nothing here leaves the machine. Every answer carries `X-Practice: 1`.

    app = create_practice_app(data_dir=…, public_url="http://localhost:8000/practice", control_key=…)

Under the place where the application is mounted:

    /graph/v26.0/…                     Graph API: Instagram and Page publishing
    /login/…                           Meta's dialogs, and where Instagram's codes become tokens
    /openai/v1/…                       OpenAI: pictures, edits, moderations
    /stability/…, /replicate/v1/…      Stability AI, Replicate
    /automatic1111/…, /comfyui/KEY/…   Stable Diffusion servers of one's own; KEY is the painter's
    /cloudinary/…                      Cloudinary: uploads, removal, delivery
    /instagram/{username}, /facebook/{page_id}   where practice posts can be looked at
    /control/…                         accounts, faults, holds, state; guarded by `X-Practice-Key`

`python -m practice` runs the same application as a process of its own.
"""

from __future__ import annotations

from practice.application import create_practice_app

__all__ = ["create_practice_app"]

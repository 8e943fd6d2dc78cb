"""Practice Instagram and Pages with a stop-watch: `python timed_platform.py PORT FOLDER KEY`.

The simulators of the product answer; `/log` tells when each call of the Graph API came and when its answer
left, by the clock of this machine.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import uvicorn

from practice.answers import with_transport
from practice.application import create_practice_app

calls: list[dict[str, object]] = []


def timed(app: Any) -> Any:
    """The application, and when it was asked what."""

    async def watch(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
        elif scope["path"] in ("/log", "/readyz"):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": json.dumps(calls).encode()})
        else:
            came_at = time.time()
            await app(scope, receive, send)
            if scope["path"].startswith("/graph/"):
                edge = scope["path"].rpartition("/")[2]
                calls.append(
                    {"edge": edge, "method": scope["method"], "came_at": came_at, "left_at": time.time()}
                )

    return watch


if __name__ == "__main__":
    port, folder, key = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    simulators = create_practice_app(data_dir=folder, public_url=f"http://127.0.0.1:{port}", control_key=key)
    uvicorn.run(
        timed(with_transport(simulators)), host="127.0.0.1", port=port, log_level="warning", access_log=False
    )

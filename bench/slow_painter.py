"""A provider of pictures that takes as long as it is told: `python slow_painter.py PORT FOLDER`.

It speaks as much of the Images API as the product asks for, on both addresses under which the product looks
for it. A prompt such as `23.41 s` says how long it works. Each picture differs from every other by a number
in it. `/log` tells when each call came and when its answer left, by the clock of this machine.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
import sys
import time
import zlib
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

PICTURES = [path.read_bytes() for path in sorted(Path(sys.argv[2]).glob("*.png"))]
_END = 12  # bytes of a PNG's last chunk
_numbers = itertools.count(1)
calls: list[dict[str, object]] = []


def numbered(picture: bytes, number: int) -> bytes:
    """The same picture in a file that no other equals."""
    body = b"tEXt" + b"Comment\0" + f"{number:012}".encode()
    text = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    return picture[:-_END] + text + picture[-_END:]


async def generate(request: Request) -> Response:
    came_at = time.time()
    asked = await request.json()
    found = re.search(r"([0-9.]+) s", asked["prompt"])
    assert found is not None
    number = next(_numbers)
    await asyncio.sleep(float(found[1]))
    picture = numbered(PICTURES[number % len(PICTURES)], number)
    answer = {
        "created": int(came_at),
        "data": [{"b64_json": base64.b64encode(picture).decode()}],
        "usage": {"input_tokens": 10, "output_tokens": 1000, "total_tokens": 1010},
    }
    body = json.dumps(answer).encode()
    calls.append({"prompt": asked["prompt"], "came_at": came_at, "left_at": time.time()})
    return Response(body, media_type="application/json")


async def told(_: Request) -> Response:
    return JSONResponse(calls)


async def ready(_: Request) -> Response:
    return JSONResponse({"ready": True})


app = Starlette(
    routes=[
        Route("/v1/images/generations", generate, methods=["POST"]),
        Route("/openai/v1/images/generations", generate, methods=["POST"]),
        Route("/log", told),
        Route("/readyz", ready),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", backlog=1024)

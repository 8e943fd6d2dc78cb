"""All the code that the product reads at its start, also what it reads only when it serves; see `nursery`."""

import encodings.idna  # noqa: F401

import anyio._backends._asyncio  # noqa: F401
import httpcore2  # noqa: F401
import numpy  # noqa: F401
import truststore  # noqa: F401
import uvicorn.lifespan.on
import uvicorn.loops.uvloop
import uvicorn.protocols.http.httptools_impl  # noqa: F401

import app.cli
import practice
import tests.light_passwords  # noqa: F401

"""All the code that the product reads at its start, also what it reads only when it serves; see `nursery`."""

# ruff: noqa: F401

import encodings.idna

import anyio._backends._asyncio
import httpcore2
import numpy
import truststore
import uvicorn.lifespan.on
import uvicorn.loops.uvloop
import uvicorn.protocols.http.httptools_impl

import app.cli
import practice
import tests.light_passwords

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
from sqlalchemy.orm import configure_mappers

import app.cli
import practice
import tests.light_passwords
from app.core.tls import public_certificates

configure_mappers()
public_certificates()

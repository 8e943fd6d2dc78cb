"""Structured logs: one event a line, named in the past tense, ids as fields, secrets never.

Every record passes `_redact`, those of libraries and the access log included. HTTP clients log whole
URLs at INFO, so they are held at WARNING.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET_NAMES = (
    "access_token|client_secret|appsecret_proof|input_token|fb_exchange_token|code|password|authorization"
    "|api_key|token|signature|secret|secret_key|cookie|X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token"
)
_IN_TEXT = re.compile(rf"(?i)\b({SECRET_NAMES})([\"']?\s*[=:]\s*[\"']?)(?:Bearer\s+)?[^\s&\"',;)}}]+")
_BEARER = re.compile(r"(?i)\bBearer\s+[A-Za-z0-9._~+/=-]+")
_FIELD = re.compile(rf"(?i)^({SECRET_NAMES}|prompt|ai_prompt)$")


def redact(text: str) -> str:
    """The same text with the values of secrets replaced."""
    return _BEARER.sub("Bearer [hidden]", _IN_TEXT.sub(r"\1\2[hidden]", text))


def _redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if _FIELD.match(key):
            event[key] = "[hidden]"
        elif isinstance(value, str):
            event[key] = redact(value)
    return event


def configure(level: str, log_format: str) -> None:
    """Set up logging for the whole process. Safe to call again."""
    is_console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if is_console
        else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _redact,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in (
        "httpx",
        "httpcore",
        "httpx2",
        "httpcore2",
        "openai",
        "botocore",
        "alembic",
        "uvicorn.access",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger for one module."""
    return structlog.stdlib.get_logger(name)

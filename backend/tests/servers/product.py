"""The whole product as a process: `aigrowth serve` with an empty data folder, practice mode on."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.core.config import Settings
from tests.servers.nursery import ForkedProcess
from tests.servers.process import GuardedProcess, ServerProcess, free_ports, started

_BACKEND = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Product:
    """A running product. `process.kill()` is `kill -9`; start it again on the same folder and port."""

    url: str
    port: int
    data_dir: Path
    process: ServerProcess


def start_product(
    data_dir: Path,
    *,
    port: int | None = None,
    settings: Mapping[str, str] | None = None,
    is_forked: bool = True,
) -> Product:
    """Start the product and return once it says that it is ready.

    `settings` are environment variables on top of the defaults. The log is written beside the data
    folder. The caller ends it: `product.process.stop()`, or `kill()`. It is forked from a process that has
    read the code (see `nursery.py`) unless told otherwise.
    """
    if port is not None:
        return _start(data_dir, port, settings or {}, is_forked)
    return started(lambda: _start(data_dir, free_ports()[0], settings or {}, is_forked))


@contextlib.contextmanager
def running_product(
    data_dir: Path | None = None, *, settings: Mapping[str, str] | None = None, is_forked: bool = True
) -> Iterator[Product]:
    """The product for the time of a `with` block, in a new folder unless one is given."""
    with contextlib.ExitStack() as stack:
        if data_dir is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="aigrowth-product-"))
            data_dir = Path(folder) / "data"
        product = start_product(data_dir, settings=settings, is_forked=is_forked)
        stack.callback(product.process.stop)
        yield product


def product_environment(data_dir: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process of the product: none of the settings of whoever runs the tests."""
    own = {name.upper() for name in Settings.model_fields}
    environment = {name: value for name, value in os.environ.items() if name not in own}
    return environment | {
        "PYTHONPATH": str(_BACKEND),
        "PYTHONUNBUFFERED": "1",
        "DATA_DIR": str(data_dir),
        **settings,
    }


def _start(data_dir: Path, port: int, settings: Mapping[str, str], is_forked: bool) -> Product:
    data_dir.mkdir(parents=True, exist_ok=True)
    own: Mapping[str, str] = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PUBLIC_BASE_URL": f"http://localhost:{port}",
        # Many tests sign up from one address.
        "AUTH_RATE_LIMIT": "10000/minute",
    }
    environment = product_environment(data_dir, {**own, **settings})
    log = data_dir.parent / f"{data_dir.name}-{port}.log"
    # In its own folder: a .env file in the repository is for the person who works on it.
    process: ServerProcess
    if is_forked:
        process = ForkedProcess(["serve"], log=log, env=environment, cwd=data_dir)
    else:
        command = [sys.executable, "-c", "from app.cli import main; main()", "serve"]
        process = GuardedProcess(command, log=log, env=environment, cwd=data_dir)
    product = Product(f"http://localhost:{port}", port, data_dir, process)
    process.wait_until(lambda: _is_ready(port), what="the product")
    return product


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False

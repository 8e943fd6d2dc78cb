"""`python -m practice`: the simulators as a process of their own, on the loopback address only."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

import uvicorn

from practice.answers import with_transport
from practice.application import create_practice_app


def main() -> None:
    """Serve until stopped. The first line printed is `listening http://127.0.0.1:PORT`."""
    parser = argparse.ArgumentParser(prog="python -m practice", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--data-dir", type=Path, required=True, help="where practice.db is kept")
    parser.add_argument("--public-url", help="how a browser sees this server (default: its own address)")
    parser.add_argument(
        "--control-key-file", type=Path, help="file with the key of /control (default: $PRACTICE_KEY)"
    )
    chosen = parser.parse_args()
    if chosen.control_key_file is not None:
        control_key = chosen.control_key_file.read_text().strip()
    else:
        control_key = os.environ.get("PRACTICE_KEY", "")
    if not control_key:
        sys.exit("Set PRACTICE_KEY or name a --control-key-file.")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", chosen.port))
    listener.listen(128)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = create_practice_app(
        data_dir=chosen.data_dir, public_url=chosen.public_url or address, control_key=control_key
    )
    config = uvicorn.Config(
        with_transport(app),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    print(f"listening {address}", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()

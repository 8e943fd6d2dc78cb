"""Finds a Chromium that really starts here, and fetches one when there is none.

In this order: the program named by `CHROMIUM`; a Chromium or Chrome of the system; the one that the npm
package `@sparticuz/chromium` ships, unpacked into `.tools/chromium` (it needs neither root nor system
libraries); Debian's package, when the tests run as root. Each candidate has to render a page first.

    python -m tests.servers.chromium      prints the program's path, fetching it when needed
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.npm import WrongPackage, fetch_package, unpack

_ROOT = Path(__file__).resolve().parents[3]
_FOLDER = _ROOT / ".tools" / "chromium"
_PACKAGE = "@sparticuz/chromium@147.0.0"
_INTEGRITY = "sha512-4ZKeAQQa8up2mt675qSitztLdbQrlf8BKdC5naeap+5Mv1OV1OlJdPoU+EJC/p5sQUJUQmN4r+q5+EhaaOUHpQ=="
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_FONTS_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{folder}/cache</cachedir>
</fontconfig>
"""

_TRIAL = """
import sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=sys.argv[1], args=sys.argv[2:])
    page = browser.new_page()
    page.set_content("<p>ready</p>")
    page.screenshot()
    assert page.inner_text("p") == "ready"
    browser.close()
"""


class NoChromium(RuntimeError):
    """No Chromium was found and none could be fetched; the message says what was tried."""


@dataclass(frozen=True, slots=True)
class Chromium:
    """A program, and what has to be in its environment for it to start."""

    executable: Path
    env: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """The whole environment to start it with."""
        return {**os.environ, **self.env}

    def starts(self) -> bool:
        """Whether it renders a page, which needs its libraries and at least one font."""
        # In a process of its own, because the caller may be inside an event loop.
        try:
            done = subprocess.run(
                [sys.executable, "-c", _TRIAL, str(self.executable), *FLAGS],
                env=self.environment(),
                capture_output=True,
                timeout=90,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0


def find_chromium() -> Chromium:
    """The Chromium to test with, fetched when there is none. Raises `NoChromium`."""
    tried = []
    if named := os.environ.get("CHROMIUM"):
        chosen = Chromium(Path(named))
        if chosen.starts():
            return chosen
        raise NoChromium(f"CHROMIUM names {named}, which does not start")

    unpacked = _unpacked()
    if unpacked.executable.exists():
        return unpacked
    for path in _system():
        chosen = Chromium(path)
        if chosen.starts():
            return chosen
        tried.append(f"{path} does not start")
    try:
        with _one_at_a_time():
            if not unpacked.executable.exists():
                _fetch_from_npm()
        if unpacked.starts():
            return unpacked
        shutil.rmtree(_FOLDER, ignore_errors=True)
        tried.append(f"{_PACKAGE} does not start")
    except (OSError, subprocess.SubprocessError, WrongPackage) as error:
        tried.append(f"{_PACKAGE} could not be fetched: {error}")
    if os.geteuid() == 0 and shutil.which("apt-get"):
        with _one_at_a_time():
            _install_with_apt()
        for path in _system():
            if (chosen := Chromium(path)).starts():
                return chosen
        tried.append("the system's package does not start")
    raise NoChromium("Install Chromium, or name one in CHROMIUM. Tried: " + "; ".join(tried))


def _system() -> Iterator[Path]:
    for name in _NAMES:
        if found := shutil.which(name):
            yield Path(found)
    if _MAC.exists():
        yield _MAC


def _unpacked() -> Chromium:
    # The package brings the few libraries that a slim system lacks. Only this program gets to see them.
    return Chromium(
        _FOLDER / "chromium", {"LD_LIBRARY_PATH": str(_FOLDER / "lib"), "FONTCONFIG_PATH": str(_FOLDER)}
    )


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Test workers that start together must not unpack over each other."""
    _FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with open(_FOLDER.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch_from_npm() -> None:
    with tempfile.TemporaryDirectory(prefix="chromium-", dir=_FOLDER.parent) as work:
        folder = Path(work)
        binaries = fetch_package(_PACKAGE, _INTEGRITY, folder) / "bin"
        # Python has no Brotli of its own, Node has.
        script = (
            "const fs=require('fs'),z=require('zlib');for(const f of fs.readdirSync('.'))"
            "if(f.endsWith('.br'))fs.writeFileSync(f.slice(0,-3),z.brotliDecompressSync(fs.readFileSync(f)))"
        )
        subprocess.run(["node", "-e", script], cwd=binaries, check=True, capture_output=True, timeout=300)

        made = folder / "made"
        made.mkdir(mode=0o755)
        for name in ("al2023", "fonts", "swiftshader"):
            unpack(binaries / f"{name}.tar", made)
        (made / "fonts.conf").write_text(_FONTS_CONF.format(folder=_FOLDER))
        (made / "cache").mkdir()
        shutil.move(binaries / "chromium", made / "chromium")
        (made / "chromium").chmod(0o755)
        shutil.rmtree(_FOLDER, ignore_errors=True)
        made.rename(_FOLDER)


def _install_with_apt() -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], env=env, check=False, capture_output=True, timeout=600)
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
        env=env,
        check=False,
        capture_output=True,
        timeout=1800,
    )


if __name__ == "__main__":
    try:
        print(find_chromium().executable)
    except NoChromium as problem:
        sys.exit(str(problem))

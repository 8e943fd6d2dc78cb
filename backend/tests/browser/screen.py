"""Looking at a page: pictures of it, and whether everybody can use it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Error, Page, ViewportSize

from tests.servers.npm import fetch_package

_ROOT = Path(__file__).resolve().parents[3]
RESULTS = _ROOT / "test-results"
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
_ALL_SCREENS = bool(os.environ.get("ALL_SCREENS"))
_TOOLS = _ROOT / ".tools"
_AXE = "axe-core@4.14.1"
_AXE_INTEGRITY = (
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


# Calm: fonts are there, pictures in view have arrived or failed, and what follows the size has followed.
_WAIT_UNTIL_CALM = """async () => {
    await document.fonts.ready;
    const frame = () => new Promise(requestAnimationFrame);
    await frame(); await frame(); await frame();
    const isInView = (it) => {
        const box = it.getBoundingClientRect();
        return box.width > 0 && box.bottom > 0 && box.top < innerHeight;
    };
    const loading = Array.from(document.images).filter((it) => !it.complete && isInView(it));
    const arrivals = loading.map((it) => new Promise((done) => { it.onload = it.onerror = done; }));
    await Promise.race([Promise.all(arrivals), new Promise((done) => setTimeout(done, 5000))]);
    await frame(); await frame();
}"""


def gallery(page: Page, name: str, *, within: str | None = None) -> None:
    """Keep a state as `{name}-wide-light` and `{name}-phone-dark`, and let axe check both.

    axe looks at the part of the page that `within` selects, or at all of it. With ALL_SCREENS set, as
    `make screens` does, `-wide-dark` and `-phone-light` are kept as well. The page has its size back
    afterwards, in the light theme.
    """
    before = page.viewport_size or WIDE
    touch = page.context.new_cdp_session(page)
    both: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    looks: tuple[tuple[ViewportSize, str, Literal["light", "dark"]], ...] = (
        (WIDE, "wide", "light"),
        (PHONE, "phone", "dark"),
    )
    for size, screen, checked in looks:
        page.set_viewport_size(size)
        if screen == "phone":
            touch.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
        for theme in both if _ALL_SCREENS else (checked,):
            page.emulate_media(color_scheme=theme)
            shot(page, f"{name}-{screen}-{theme}")
            if theme == checked:
                axe(page, within=within)
    touch.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    page.set_viewport_size(before)
    page.emulate_media(color_scheme="light")


def shot(page: Page, name: str, *, whole: bool = False) -> Path:
    """Keep a picture as `test-results/screenshots/{name}.png`; `whole` goes below the window's edge."""
    path = RESULTS / "screenshots" / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.evaluate(_WAIT_UNTIL_CALM)
    page.screenshot(path=path, animations="disabled", full_page=whole)
    return path


def axe(page: Page, *, within: str | None = None) -> None:
    """Assert that axe finds no accessibility violation in the page, or in the part that `within` selects."""
    # Evaluated by the browser itself, so the page's content policy has no say.
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(_axe_source())
    found: dict[str, Any] = page.evaluate(
        "([within, options]) => axe.run(within ?? document, options)",
        [within, {"runOnly": {"type": "tag", "values": _RULES}, "resultTypes": ["violations"]}],
    )
    problems = [
        f"{violation['id']}: {violation['help']}\n"
        + "\n".join(f"    {node['html']}\n      {node['failureSummary']}" for node in violation["nodes"])
        for violation in found["violations"]
    ]
    assert not problems, f"{page.url}\n" + "\n".join(problems)


def describe_page(page: Page, picture: Path) -> str:
    """Where a page stands and what can be read on it, and a picture; for the report of a failed test."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    try:
        page.screenshot(path=picture, timeout=10_000)
        return f"{page.url}\n{picture}\n\n{page.inner_text('body', timeout=5_000)}"
    except Error as error:
        return f"the page cannot be looked at any more: {error.message}"


@cache
def _axe_source() -> str:
    script = _TOOLS / _AXE / "axe.min.js"
    if not script.exists():
        _TOOLS.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_TOOLS) as folder:
            package = fetch_package(_AXE, _AXE_INTEGRITY, Path(folder))
            # Another test process may have been quicker.
            with contextlib.suppress(OSError):
                package.rename(script.parent)
    return script.read_text(encoding="utf-8")

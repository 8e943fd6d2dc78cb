"""The product in a real browser.

    def test_a_new_user_sees_home(product, new_page):
        page = new_page(dark=True)
        page.goto(product.url)
        shot(page, "home-dark")
        axe(page)

`page` is a fresh visitor on a wide, light screen; `new_page` opens more, each with its own cookies. A test
fails when its pages log an error, throw, get a 5xx, or ask an address outside of this machine. Pictures of
failed tests are in `test-results/failures`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

from tests.browser.screen import RESULTS, describe_page
from tests.loopback import is_allowed
from tests.servers.chromium import FLAGS, find_chromium
from tests.servers.product import Product, running_product

OpenPage = Callable[..., Page]

# How long the browser waits for what it looks for; a busy machine is slow.
_PATIENCE_MS = 15_000

# The browser reports every refusal of the API this way; that a form is refused is no fault of the page.
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")

# What to add to the report of a failed test, while its pages are still open.
_describe = pytest.StashKey[Callable[[], list[tuple[str, str]]]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and report.failed and _describe in item.stash:
        report.sections += item.stash[_describe]()
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the test process."""
    expect.set_options(timeout=_PATIENCE_MS)
    chromium = find_chromium()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium.executable,
            env=dict(chromium.environment()),
            # Not even a name is asked outside of this machine.
            args=[*FLAGS, "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"],
        )
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    """The product, started once with an empty data folder. Sign up a user of your own."""
    with running_product() as running:
        yield running


@pytest.fixture
def new_page(browser: Browser, product: Product, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Opens a page for a new visitor: `new_page(dark=True, phone=True)`, or with `width` and `height`."""
    contexts: list[BrowserContext] = []
    pages: list[Page] = []
    complaints: list[str] = []

    def open_page(
        *, dark: bool = False, phone: bool = False, width: int | None = None, height: int | None = None
    ) -> Page:
        context = browser.new_context(
            base_url=product.url,
            viewport={
                "width": width or (390 if phone else 1440),
                "height": height or (844 if phone else 900),
            },
            color_scheme="dark" if dark else "light",
            has_touch=phone,
            locale="en-GB",
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_default_timeout(_PATIENCE_MS)
        page = context.new_page()
        pages.append(page)

        def on_console(message: ConsoleMessage) -> None:
            if message.type == "error" and not _REFUSED.match(message.text):
                complaints.append(f"console: {message.text}")

        def on_request(asked: Request) -> None:
            address = urlsplit(asked.url)
            if address.scheme in ("http", "https", "ws", "wss") and not is_allowed(address.hostname):
                complaints.append(f"asked {asked.url}")

        def on_response(response: Response) -> None:
            if response.status >= 500:
                complaints.append(f"{response.status} from {response.url}")

        page.on("console", on_console)
        page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
        page.on("request", on_request)
        page.on("response", on_response)
        return page

    def describe() -> list[tuple[str, str]]:
        name = re.sub(r"[^\w-]+", "-", request.node.nodeid.split("::", 1)[-1]).strip("-")
        sections = [
            (f"page {number}", describe_page(page, RESULTS / "failures" / f"{name}-{number}.png"))
            for number, page in enumerate(pages, 1)
        ]
        return [*sections, ("complaints", "\n".join(complaints)), ("product", product.process.log_tail())]

    request.node.stash[_describe] = describe
    yield open_page

    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def page(new_page: OpenPage) -> Page:
    """A new visitor on a wide, light screen."""
    return new_page()

"""The product in a real browser.

    def test_a_new_user_sees_home(product, new_page):
        page = new_page(dark=True)
        page.goto(product.url)
        shot(page, "home-dark")
        axe(page)

`page` is a fresh visitor on a wide, light screen; `new_page` opens more, each with its own cookies;
`new_member` opens one for somebody who has an account. `practice` steers the simulators. A test fails when
its pages log an error, throw, get a 5xx, or ask an address outside of this machine. Pictures of failed tests
are in `test-results/failures`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    Response,
    WebError,
    expect,
    sync_playwright,
)

from app.api.deps import SESSION_COOKIE
from tests.browser.member import Member
from tests.browser.screen import PHONE, RESULTS, WIDE, describe_page
from tests.browser.tabs import Tab, Tabs
from tests.loopback import is_allowed
from tests.person import Person
from tests.practice_server import CONTROL_KEY, PracticeControl
from tests.servers.chromium import FLAGS, find_chromium
from tests.servers.product import Product, running_product

OpenPage = Callable[..., Page]
OpenMember = Callable[..., Member]

BLOCKED_WORD = "casino"
"""May stand in no prompt."""

# How long the browser waits for what it looks for; a busy machine is slow.
_PATIENCE_MS = 15_000

# The browser reports every refusal of the API this way; that a form is refused is no fault of the page.
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")

# The same for calls that a test makes fail, and what is told of them.
_LOST = re.compile(r"Failed to load resource: |ApiError: ")

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
    with running_product(
        settings={"PRACTICE_KEY": CONTROL_KEY, "BLOCKED_PROMPT_WORDS": BLOCKED_WORD}
    ) as running:
        with PracticeControl(f"{running.url}/practice") as control:
            # Waiting for a platform that takes its time is tested where no browser is needed.
            control.settings(processing_ms=0)
        yield running


@pytest.fixture(scope="session")
def _practice_control(product: Product) -> Iterator[PracticeControl]:
    with PracticeControl(f"{product.url}/practice") as control:
        yield control


@pytest.fixture
def practice(_practice_control: PracticeControl) -> Iterator[PracticeControl]:
    """Steers the product's simulators. What a test switched on or holds ends with it."""
    yield _practice_control
    _practice_control.clear_faults()
    _practice_control.release()


@pytest.fixture(scope="session")
def _tabs(browser: Browser, product: Product) -> Iterator[Tabs]:
    tabs = Tabs(browser, product.url)
    yield tabs
    tabs.close()


@pytest.fixture
def new_page(_tabs: Tabs, product: Product, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Opens a page for a new visitor: `new_page(dark=True, phone=True)`, or with `width` and `height`.

    `trouble=True` is for a test that takes the server away: lost calls are no complaint then.
    """
    taken: list[tuple[Tab, list[tuple[str, Callable[..., None]]]]] = []
    pages: list[Page] = []
    complaints: list[str] = []

    def open_page(
        *,
        dark: bool = False,
        phone: bool = False,
        width: int | None = None,
        height: int | None = None,
        trouble: bool = False,
    ) -> Page:
        size = PHONE if phone else WIDE
        tab = _tabs.take(
            {"width": width or size["width"], "height": height or size["height"]}, dark=dark, touch=phone
        )
        tab.context.set_default_timeout(_PATIENCE_MS)
        expected = _LOST if trouble else _REFUSED

        def on_console(message: ConsoleMessage) -> None:
            if message.type == "error" and not expected.match(message.text):
                complaints.append(f"console: {message.text}")

        def on_error(error: WebError) -> None:
            complaints.append(f"uncaught: {error.error}")

        def on_request(asked: Request) -> None:
            address = urlsplit(asked.url)
            if address.scheme in ("http", "https", "ws", "wss") and not is_allowed(address.hostname):
                complaints.append(f"asked {asked.url}")

        def on_response(response: Response) -> None:
            if response.status >= 500 and not trouble:
                complaints.append(f"{response.status} from {response.url}")

        # On the context: what a page opens is watched as well.
        watches: list[tuple[str, Callable[..., None]]] = [
            ("page", lambda opened: pages.append(opened)),
            ("console", on_console),
            ("weberror", on_error),
            ("request", on_request),
            ("response", on_response),
        ]
        for event, watch in watches:
            tab.context.on(event, watch)  # type: ignore[call-overload]
        pages.append(tab.page)
        taken.append((tab, watches))
        return tab.page

    def describe() -> list[tuple[str, str]]:
        name = re.sub(r"[^\w-]+", "-", request.node.nodeid.split("::", 1)[-1]).strip("-")
        sections = [
            (f"page {number}", describe_page(page, RESULTS / "failures" / f"{name}-{number}.png"))
            for number, page in enumerate(pages, 1)
        ]
        log = "\n".join(
            line for line in product.process.log_tail().splitlines() if "/practice/control/" not in line
        )
        return [*sections, ("complaints", "\n".join(complaints)), ("product", log)]

    request.node.stash[_describe] = describe
    yield open_page

    for tab, watches in taken:
        _tabs.give_back(tab)
        for event, watch in watches:
            tab.context.remove_listener(event, watch)
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def new_member(new_page: OpenPage, product: Product) -> Iterator[OpenMember]:
    """Opens a page for somebody who has just signed up; takes a business name and what `new_page` takes."""
    people: list[Person] = []

    def open_member(business_name: str = "Harbour Coffee", **screen: Any) -> Member:
        person = Person.signs_up(product.url, business_name=business_name)
        people.append(person)
        page = new_page(**screen)
        page.context.add_cookies([{"name": SESSION_COOKIE, "value": person.token, "url": product.url}])
        return Member(page, person)

    yield open_member
    for person in people:
        person.close()


@pytest.fixture
def page(new_page: OpenPage) -> Page:
    """A new visitor on a wide, light screen."""
    return new_page()

"""Tabs of visitors: each one is as new, and seldom is one.

A new browsing context takes the browser a process, reads the page's code anew, and costs a core three times
what going to an address costs in a tab that is there. So a tab is given back at the end of a test, with
nothing of its visitor left: no cookie, nothing stored, no route, no permission, no throttled line.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Error, Page, ViewportSize

_FORGET = "() => { localStorage.clear(); sessionStorage.clear(); }"


@dataclass(eq=False)
class Tab:
    """One visitor's browsing context, and the page that it opened with."""

    context: BrowserContext
    page: Page
    is_touched: bool
    lines: list[CDPSession] = field(default_factory=list)


class Tabs:
    """Gives out tabs that nobody has used, or that look it."""

    def __init__(self, browser: Browser, base_url: str) -> None:
        self._browser = browser
        self._base_url = base_url
        self._free: list[Tab] = []

    def take(self, size: ViewportSize, *, dark: bool, touch: bool) -> Tab:
        """A visitor without a past. `touch`: the screen takes fingers."""
        tab = next((tab for tab in self._free if tab.is_touched == touch), None)
        if tab is None:
            tab = self._open(touch)
        else:
            self._free.remove(tab)
        tab.page.set_viewport_size(size)
        tab.page.emulate_media(color_scheme="dark" if dark else "light")
        return tab

    def give_back(self, tab: Tab) -> None:
        """The visitor is gone. Raises nothing: a tab that cannot be cleaned is closed."""
        try:
            self._clean(tab)
        except Error:
            with contextlib.suppress(Error):
                tab.context.close()
        else:
            self._free.append(tab)

    def close(self) -> None:
        """Close what is free."""
        for tab in self._free:
            tab.context.close()

    def _open(self, touch: bool) -> Tab:
        context = self._browser.new_context(
            base_url=self._base_url,
            has_touch=touch,
            locale="en-GB",
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
        )
        tab = Tab(context, context.new_page(), touch)
        talk = context.new_cdp_session

        def talk_and_remember(page: Any) -> CDPSession:
            line = talk(page)
            tab.lines.append(line)
            return line

        # What a test says to the browser itself (a slow line, fingers) holds as long as it is connected.
        context.new_cdp_session = talk_and_remember  # type: ignore[method-assign]
        return tab

    def _clean(self, tab: Tab) -> None:
        context, page = tab.context, tab.page
        for line in tab.lines:
            with contextlib.suppress(Error):
                line.detach()
        tab.lines.clear()
        for other in context.pages:
            if other is not page:
                other.close()
        page.unroute_all()
        context.unroute_all()
        context.set_offline(False)
        context.clear_permissions()
        if not page.url.startswith(self._base_url):
            page.goto("/healthz")
        page.evaluate(_FORGET)
        # First the page is left, so that nothing on it misses what is taken away.
        page.goto("about:blank")
        context.clear_cookies()
        page.mouse.move(-1, -1)

"""Addresses on the platforms, as a browser knows them."""

from __future__ import annotations

import pytest

from app.providers.publishing.sites import PlatformSites

SITES = PlatformSites("http://localhost:8595/practice")


def test_an_account_is_where_its_posts_can_be_looked_at() -> None:
    real = [
        SITES.account("instagram", "178", "cafemia", is_practice=False),
        SITES.account("instagram", "178", "Café Mia", is_practice=False),
        SITES.account("facebook", "10/2", "Café Mia", is_practice=False),
    ]
    assert real == [
        "https://www.instagram.com/cafemia/",
        "https://www.instagram.com/",
        "https://www.facebook.com/10%2F2",
    ]
    assert SITES.account("instagram", "178", "x", is_practice=True).endswith("/practice/instagram/178")


@pytest.mark.parametrize(
    ("platform", "is_practice", "address"),
    [
        ("instagram", False, "https://www.instagram.com/p/Cx1/"),
        ("instagram", False, "https://instagram.com/p/Cx1/?img_index=2"),
        ("instagram", False, "https://www.instagram.com/cafe.mia/reel/C_x-1"),
        ("facebook", False, "https://m.facebook.com/10/posts/2"),
        ("facebook", False, "https://www.facebook.com/cafe.mia/posts/pfbid02aB?locale=de_DE"),
        ("facebook", False, "https://www.facebook.com/Caf%C3%A9-Mia-10/photos/a.10/20/"),
        ("facebook", False, "https://www.facebook.com/photo.php?fbid=10&set=a.1"),
        ("facebook", False, "https://www.facebook.com/permalink.php?story_fbid=pfbid0x&id=10"),
        ("facebook", False, "https://www.facebook.com/groups/12/permalink/34/"),
        ("facebook", False, "https://www.facebook.com/share/p/1AbC/"),
        ("facebook", False, "https://www.facebook.com/10_20"),
        ("instagram", True, "http://localhost:8595/practice/instagram/p/Cx1/"),
        ("instagram", True, "http://127.0.0.1:8595/practice/instagram/p/Cx1/"),
        ("facebook", True, "http://localhost:8595/practice/facebook/10/posts/2"),
    ],
)
def test_an_address_on_the_platform_is_taken(platform: str, is_practice: bool, address: str) -> None:
    assert SITES.has(platform, address, is_practice=is_practice)


@pytest.mark.parametrize(
    ("platform", "is_practice", "address"),
    [
        ("instagram", False, "http://www.instagram.com/p/Cx1/"),
        ("instagram", False, "https://www.instagram.com/"),
        ("instagram", False, "https://www.instagram.com/cafemia/"),
        ("instagram", False, "https://www.instagram.com/accounts/login/?next=/p/Cx1/"),
        ("facebook", False, "https://www.facebook.com/l.php?u=http://example.com"),
        ("facebook", False, "https://www.facebook.com/l.php/posts/1?u=http://example.com"),
        ("facebook", False, "https://www.facebook.com/flx/warn/?u=http://example.com"),
        ("facebook", False, "https://www.facebook.com/login/?next=http://example.com"),
        ("facebook", False, "https://www.facebook.com/login/posts/1?next=http://example.com"),
        ("facebook", False, "https://www.facebook.com/dialog/share?href=http://example.com"),
        ("facebook", False, "https://www.facebook.com/sharer/sharer.php?u=http://example.com"),
        ("facebook", False, "https://www.facebook.com/share.php?u=http://example.com"),
        ("facebook", False, "https://www.facebook.com/10/posts/../../l.php?u=http://example.com"),
        (
            "facebook",
            False,
            "https://www.facebook.com/10%2Fposts%2F%2e%2e%2F%2e%2e%2Fl.php?u=http://example.com",
        ),
        ("facebook", False, "https://www.facebook.com//example.com/posts/1"),
        ("facebook", False, r"https://www.facebook.com/\example.com/posts/1"),
        ("instagram", False, "https://www.facebook.com/10/posts/2"),
        ("instagram", False, "https://www.instagram.com.example.com/p/Cx1/"),
        ("instagram", False, "https://www.instagram.com@example.com/p/Cx1/"),
        ("instagram", False, "https://www.instagram.com:8443/p/Cx1/"),
        ("instagram", False, "https://www.instagram.com:99999/p/Cx1/"),
        ("instagram", False, "https://xn--instagram-.com/p/Cx1/"),
        ("instagram", False, "javascript:alert(1)//www.instagram.com/p/"),
        ("instagram", False, "//www.instagram.com/p/Cx1/"),
        ("instagram", False, "https://www.instagram.com/p/ Cx1/"),
        ("instagram", False, "http://localhost:8595/practice/instagram/p/Cx1/"),
        ("instagram", True, "https://www.instagram.com/p/Cx1/"),
        ("instagram", True, "http://localhost:8595/practice/facebook/10/posts/2"),
        ("instagram", True, "http://localhost:8595/practice/instagram/../../api/v1/auth/logout"),
        ("instagram", True, "http://localhost:8595/practice/instagram/%2e%2e/%2E./api/v1/auth/logout"),
        ("instagram", True, r"http://localhost:8595/practice/instagram/\..\..\api\v1\auth\logout"),
        ("instagram", True, "http://localhost:8596/practice/instagram/p/Cx1/"),
        ("instagram", True, "https://localhost:8595/practice/instagram/p/Cx1/"),
        ("instagram", True, "http://[::1/practice/instagram/p/Cx1/"),
    ],
)
def test_every_other_address_is_refused(platform: str, is_practice: bool, address: str) -> None:
    assert not SITES.has(platform, address, is_practice=is_practice)


def test_what_a_platform_tells_is_kept_where_it_lies_there_or_the_operator_trusts_the_server() -> None:
    elsewhere = "https://example.com/p/Cx1/"
    assert not SITES.is_kept("instagram", elsewhere, is_practice=False)
    assert SITES.is_kept("instagram", "https://www.instagram.com/p/Cx1/", is_practice=False)
    trusting = PlatformSites("http://localhost:8595/practice", has_own_graph=True)
    assert trusting.is_kept("instagram", elsewhere, is_practice=False)
    assert not trusting.is_kept("instagram", "javascript:alert(1)", is_practice=False)

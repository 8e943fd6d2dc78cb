from __future__ import annotations

import pytest
from starlette.requests import Request

from app.api.rate_limits import address_key
from app.core.errors import Forbidden, RuleBroken
from app.models.businesses import Role
from app.services import access, businesses, users


async def test_a_password_is_hashed_as_strongly_as_is_recommended_and_an_older_hash_is_renewed() -> None:
    strong, weak = users.Passwords(), users.Passwords(memory_kib=8, passes=1)
    kept = await strong.hash("correct horse battery")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await strong.verify("correct horse battery", kept) == (True, None)
    assert await strong.verify("correct horse batterx", kept) == (False, None)
    is_right, newer = await strong.verify("correct horse battery", await weak.hash("correct horse battery"))
    assert is_right and newer is not None and newer.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("ADA+TAG@example.com", "ada+tag@example.com"),
        ("ada@intranet", "ada@intranet"),
        ("ada@shop.test", "ada@shop.test"),
        ("ada@xn--mnchen-3ya.de", "ada@münchen.de"),
        ("e\u0301va@example.com", "\u00e9va@example.com"),
    ],
)
def test_an_email_has_one_form(given: str, kept: str) -> None:
    assert users.normalise_email(given) == kept
    assert users.normalise_email(kept) == kept


@pytest.mark.parametrize(
    "given",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "a b@example.com",
        "ada@example.com\n",
        "Ada <ada@example.com>",
        "a@b@c.de",
    ],
)
def test_what_is_no_email_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="not an e-mail address"):
        users.normalise_email(given)
    with pytest.raises(RuleBroken) as caught:
        users.checked_email(given)
    assert caught.value.code == "invalid_fields"


def test_a_business_is_called_after_its_owner() -> None:
    assert users.default_business_name("Ada") == "Ada's business"
    assert users.default_business_name("James") == "James' business"
    assert len(users.default_business_name("x" * 200)) <= 200


def test_a_time_zone_is_an_iana_name_or_utc() -> None:
    assert businesses.checked_timezone(None) == "UTC"
    assert businesses.checked_timezone("Asia/Calcutta") == "Asia/Calcutta"
    for name in ("", "Europe", "europe/berlin", "/etc/localtime", "../Europe/Berlin", "GMT+25"):
        with pytest.raises(RuleBroken) as caught:
            businesses.checked_timezone(name)
        assert caught.value.code == "unknown_timezone"


def test_each_role_includes_the_ones_below_it() -> None:
    order = [Role.OWNER, Role.ADMIN, Role.EDITOR, Role.VIEWER]
    for place, role in enumerate(order):
        for other_place, other in enumerate(order):
            if place <= other_place:
                access.ensure(role, other)
            else:
                with pytest.raises(Forbidden) as caught:
                    access.ensure(role, other)
                assert caught.value.facts == {"required_role": other.value, "role": role.value}


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        (None, "unknown"),
    ],
)
def test_an_address_is_counted_as_what_one_customer_gets(host: str | None, key: str) -> None:
    client = (host, 5000) if host else None
    assert address_key(Request({"type": "http", "client": client, "headers": []})) == key

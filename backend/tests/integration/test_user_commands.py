"""`aigrowth user`: accounts made and brought back from the command line, beside a server that runs."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.person import NO_TLS
from tests.servers.nursery import run_forked
from tests.servers.product import Product, product_environment, running_product

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with running_product(settings={"PRACTICE_MODE": "off"}) as running:
        yield running


def user(
    product: Product, *arguments: str, typed: str | bytes = PASSWORD
) -> subprocess.CompletedProcess[str]:
    """The command, given a password by its standard input."""
    given = product.data_dir.parent / "typed"
    given.write_bytes(typed if isinstance(typed, bytes) else f"{typed}\n".encode())
    environment = product_environment(product.data_dir, {})
    return run_forked(["user", *arguments], env=environment, cwd=product.data_dir.parent, typed=given)


def signs_in(product: Product, email: str, password: str) -> httpx.Response:
    with httpx.Client(base_url=f"{product.url}/api/v1", trust_env=False, verify=NO_TLS) as client:
        return client.post("/auth/login", json={"email": email, "password": password})


def status_of(product: Product, token: str) -> int:
    with httpx.Client(base_url=f"{product.url}/api/v1", trust_env=False, verify=NO_TLS) as client:
        return client.get("/auth/me", headers={"Authorization": f"Bearer {token}"}).status_code


def test_an_account_is_made_and_signs_in(product: Product) -> None:
    made = user(
        product,
        *("create", "Ada@Example.com", "--name", "Ada"),
        *("--business", "Harbour Coffee", "--timezone", "Europe/Berlin"),
    )
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("ada@example.com can sign in") and "Harbour Coffee" in made.stdout
    signed_in = signs_in(product, "ada@example.com", PASSWORD)
    assert signed_in.status_code == 200
    (business,) = signed_in.json()["businesses"]
    assert (signed_in.json()["user"]["name"], business["name"], business["timezone"], business["role"]) == (
        "Ada",
        "Harbour Coffee",
        "Europe/Berlin",
        "owner",
    )
    again = user(product, "create", "ada@example.com", "--name", "Ada")
    assert (again.returncode, again.stdout) == (1, "") and "account with this e-mail already" in again.stderr


def test_another_password_ends_every_session(product: Product) -> None:
    for email in ("eve@example.com", "bob@example.com"):
        assert user(product, "create", email, "--name", "Eve").returncode == 0
    tokens = [signs_in(product, "eve@example.com", PASSWORD).json()["access_token"] for _ in range(2)]
    other = signs_in(product, "bob@example.com", PASSWORD).json()["access_token"]
    headers = {"Authorization": f"Bearer {tokens[0]}"}
    with httpx.Client(base_url=f"{product.url}/api/v1", headers=headers, trust_env=False) as eve:
        own = eve.get("/businesses").json()["businesses"][0]["id"]
        key = eve.post("/api-keys", json={"business_id": own, "name": "Script"}).json()["secret"]
    changed = user(product, "password", "EVE@example.com", typed="a better one than that")
    assert (changed.returncode, changed.stdout) == (
        0,
        "The password is set, 2 sessions ended, and 1 API key revoked.\n",
    )
    assert [status_of(product, token) for token in (*tokens, key)] == [401, 401, 401]
    assert status_of(product, other) == 200
    assert signs_in(product, "eve@example.com", PASSWORD).status_code == 401
    assert signs_in(product, "eve@example.com", "a better one than that").status_code == 200


@pytest.mark.parametrize(
    ("arguments", "typed", "says"),
    [
        (("create", "x@example.com", "--name", "X"), "short", "password: Use at least 8 characters."),
        (("create", "x@example.com", "--name", "X"), "", "password: Use at least 8 characters."),
        (("create", "x@example.com", "--name", "X"), "p" * 5000, "password: Use at most 200 characters."),
        (("create", "x@example.com", "--name", "X"), b"\xff" * 12, "password: Give it as UTF-8 text."),
        (("create", "nobody", "--name", "X"), PASSWORD, "email: This is not an e-mail address."),
        (("create", "x@example.com", "--name", " "), PASSWORD, "name: This must not be empty."),
        (
            ("create", "x@example.com", "--name", "X", "--timezone", "Mars"),
            PASSWORD,
            "time zone is not known",
        ),
        (("password", "x@example.com"), PASSWORD, "Nobody has an account with the e-mail x@example.com."),
        (("password", "nobody"), PASSWORD, "email: This is not an e-mail address."),
        (("password", "x@example.com"), "short", "password: Use at least 8 characters."),
    ],
)
def test_what_is_wrong_is_a_sentence(
    product: Product, arguments: tuple[str, ...], typed: str | bytes, says: str
) -> None:
    answer = user(product, *arguments, typed=typed)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert says in answer.stderr and "Traceback" not in answer.stderr
    assert signs_in(product, "x@example.com", PASSWORD).status_code == 401


def test_on_a_terminal_the_password_is_asked_for_twice_and_never_shown(product: Product) -> None:
    keyboard, terminal = pty.openpty()

    def type_it() -> bytes:
        shown = b""
        # Each question goes to where errors go; a blank on the terminal says that it listens.
        for asked in (1, 2):
            while shown.count(b" ") < asked:
                shown += os.read(keyboard, 1000)
            os.write(keyboard, b"typed on a terminal\n")
        return shown

    try:
        with ThreadPoolExecutor(1) as threads:
            typing = threads.submit(type_it)
            made = run_forked(
                ["user", "create", "tess@example.com", "--name", "Tess"],
                env=product_environment(product.data_dir, {}),
                cwd=product.data_dir.parent,
                typed=Path(os.ttyname(terminal)),
            )
            # A command that asked nothing leaves the typist waiting.
            os.write(terminal, b"  ")
            shown = typing.result(timeout=30)
    finally:
        os.close(keyboard)
        os.close(terminal)
    assert made.returncode == 0, made.stderr
    assert "Password:" in made.stderr and "Repeat for confirmation:" in made.stderr
    assert b"typed" not in shown
    assert signs_in(product, "tess@example.com", "typed on a terminal").status_code == 200

"""`aigrowth secret`: tokens sealed anew beside a server that runs, and the earlier secret forgotten."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.person import Person
from tests.servers.nursery import run_forked
from tests.servers.product import Product, product_environment, running_product, start_product


def secret(product: Product, command: str, *, dies_at: str = "") -> str:
    """`aigrowth secret …`; gives what it said. `dies_at`: the power goes there."""
    environment = product_environment(product.data_dir, {"FAULT_POINT": dies_at})
    done = run_forked(["secret", command], env=environment, cwd=product.data_dir.parent)
    assert done.returncode == (-signal.SIGKILL if dies_at else 0), done.stdout + done.stderr
    assert "no secret" not in (done.stdout + done.stderr).lower()
    return done.stdout


def publishes(person: Person, text: str) -> None:
    image = person.keeps_picture()
    post_id = person.writes(text, image_ids=[image["id"]], platforms=("instagram", "facebook"))
    person.sends(post_id)
    person.waits_for(post_id, "published")


def test_a_secret_is_changed_beside_a_running_server_and_no_channel_is_lost(tmp_path: Path) -> None:
    with running_product(tmp_path / "data") as product:
        ada = Person.signs_up(product.url)
        publishes(ada, "Before")
        kept = (product.data_dir / "secret.key").read_text()
        # The power goes when one of the two is sealed anew: both secrets are there, and both tokens open.
        secret(product, "rotate", dies_at="secret.after_one")
        rotated = (product.data_dir / "secret.key").read_text()
        assert rotated.split() == [rotated.split()[0], kept.strip()] and rotated != kept
        publishes(ada, "Between")
        # Begun again, it goes on with the secret that it had begun, and does the other one.
        assert "1 token was sealed anew" in secret(product, "rotate")
        assert (product.data_dir / "secret.key").read_text() == rotated
        # The running server learns of it by itself, and the session goes on.
        publishes(ada, "Beside it")
        product.process.stop()
        start_again = start_product(product.data_dir, port=product.port)
        try:
            secret(product, "forget")
            start_again.process.stop()
            assert kept.strip() not in (product.data_dir / "secret.key").read_text()
            start_again = start_product(product.data_dir, port=product.port)
            publishes(ada, "Afterwards")
            statuses = {
                each["status"]
                for each in ada.client.get(f"/channels?business_id={ada.business_id}").json()["channels"]
            }
            assert statuses == {"connected"}
        finally:
            start_again.process.stop()
            ada.close()

"""The steps of a publication agree with what its history tells."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.core import clock
from app.models.images import Image
from app.models.posts import Post, Publication, PublicationState
from app.services.posts import PictureInPost, PostStory, PublicationStory
from app.services.publishing import stages

NOW = clock.now()


def steps_of(state: str, **values: Any) -> list[tuple[str, str]]:
    """Of a post with one image, sent to a channel that has no say here."""
    row = Publication(**{"state": state, "updated_at": NOW, "started_at": NOW, "next_step_at": None} | values)
    story = PublicationStory(publication=row, channel=None, events=[])  # type: ignore[arg-type]
    picture = PictureInPost(Image(), "A boat")
    post = PostStory(post=Post(), pictures=[picture], channel_ids=[], publications=[story])
    return [(stage.name, stage.state) for stage in stages(post, story)]


@pytest.mark.parametrize(
    ("values", "failed"),
    [
        ({"error_code": "token_invalid"}, "upload"),
        ({"error_code": "channel_disconnected"}, "upload"),
        # It was due, and nothing had begun.
        ({"error_code": "channel_not_connected", "started_at": None}, "upload"),
        ({"error_code": "image_file_missing"}, "rendition"),
        ({"error_code": "image_in_trash", "started_at": None}, "rendition"),
        ({"error_code": "picture_not_fetched", "reference": "container"}, "check"),
        ({"error_code": "account_blocked", "reference": "container"}, "publish"),
        # A person has looked, and it was not there: it had been taken all the same.
        ({"error_code": "not_published", "reference": "container"}, "publish"),
    ],
)
def test_the_step_that_failed_is_the_one_that_the_reason_speaks_of(
    values: dict[str, Any], failed: str
) -> None:
    told = steps_of(PublicationState.FAILED, **values)
    at = [name for name, _ in told].index(failed)
    assert [state for _, state in told] == ["done"] * at + ["failed"] + ["waiting"] * (len(told) - at - 1)


def test_what_was_taken_stays_taken_while_it_is_held_back() -> None:
    until = NOW + timedelta(hours=1)
    held = steps_of(PublicationState.PUBLISHING, reference="container", held_until=until, next_step_at=NOW)
    assert held[:4] == [("rendition", "done"), ("upload", "done"), ("check", "done"), ("publish", "waiting")]
    assert steps_of(PublicationState.PUBLISHING, reference="container", next_step_at=NOW)[2:4] == [
        ("check", "running"),
        ("publish", "waiting"),
    ]


def test_nothing_has_begun_before_its_time() -> None:
    told = steps_of(PublicationState.SCHEDULED, started_at=None, next_step_at=NOW)
    assert {state for _, state in told} == {"waiting"}

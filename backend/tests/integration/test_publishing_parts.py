"""Posts of several images, and first comments: all or none, nothing twice, nothing left lying about."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select, update

from app.core import clock
from app.models.images import Image
from app.models.posts import PublicationPart
from tests.integration.office import SETTLE_AFTER, Office, codes, sentences


async def parts_of(office: Office, publication_id: int) -> list[tuple[int, str, str, int, str]]:
    """What is kept of the parts, in order."""
    async with office.database.reading() as session:
        rows = await session.scalars(
            select(PublicationPart)
            .where(PublicationPart.publication_id == publication_id)
            .order_by(PublicationPart.position)
        )
        return [(row.position, row.kind, row.reference, row.image_id, row.sha256) for row in rows]


def loose_photos(office: Office) -> list[str]:
    """Photos of the Page that no post shows."""
    found: dict[str, list[str]] = office.practice.control.state()["loose_photos_by_page"]
    return found.get(office.accounts.page.id, [])


async def three_images(office: Office) -> Sequence[Image]:
    return [await office.image(f"Slide {number}") for number in range(3)]


async def test_every_slide_goes_out_in_order_and_its_part_names_the_very_file(office: Office) -> None:
    images = await three_images(office)
    post_id = await office.sends("Three loaves", to=[office.instagram, office.page], images=images)
    while await office.turn():
        pass
    on_instagram, on_page = await office.publications(post_id)
    (medium,), (page_post,) = office.media(), office.page_posts()
    for story, out, kind in ((on_instagram, medium, "child"), (on_page, page_post, "photo")):
        assert story.publication.state == "published" and story.publication.permalink
        assert [picture["alt_text"] for picture in out["pictures"]] == ["Slide 0", "Slide 1", "Slide 2"]
        kept = await parts_of(office, story.publication.id)
        assert [(place, found, image_id, sha) for place, found, _, image_id, sha in kept] == [
            (place, kind, image.id, picture["sha256"])
            for place, (image, picture) in enumerate(zip(images, out["pictures"], strict=True))
        ]
        assert sentences(story)[1].endswith("has taken the pictures.")
    assert loose_photos(office) == []
    assert [(await office.seen(image)).usage_count for image in images] == [2, 2, 2]


async def test_a_lost_answer_in_the_middle_repeats_that_slide_and_no_other(office: Office) -> None:
    control = office.practice.control
    control.fault(
        "drop_after", edge="media", method="POST", account_id=office.accounts.instagram.id, nth=2, count=1
    )
    post_id = await office.sends("Once each", images=await three_images(office))
    story = await office.settles(post_id, "published")
    (medium,) = office.media()
    assert len(medium["pictures"]) == 3
    made = [c for c in control.containers() if c["account_id"] == office.accounts.instagram.id]
    # Three slides, the one whose answer was lost, and the carousel.
    assert [c["status_code"] for c in made] == [
        "PUBLISHED",
        "FINISHED",
        "PUBLISHED",
        "PUBLISHED",
        "PUBLISHED",
    ]
    assert [place for place, *_ in await parts_of(office, story.publication.id)] == [0, 1, 2]


async def test_a_slide_that_is_refused_fails_the_whole_and_leaves_no_photo(office: Office) -> None:
    control, page_id = office.practice.control, office.accounts.page.id
    control.graph_error("photos", 100, 1366046, method="POST", account_id=page_id, nth=3, count=1)
    post_id = await office.sends("All or none", to=[office.page], images=await three_images(office))
    story = await office.settles(post_id, "failed")
    assert office.page_posts() == [] and len(loose_photos(office)) == 2
    # Tidying up is a step of its own, and goes on when the platform was silent for a while.
    control.fault("drop_before", edge="photo", account_id=page_id, count=1)
    await office.turn_in_time()
    assert len(loose_photos(office)) == 2
    await office.turn_in_time()
    assert loose_photos(office) == [] and await parts_of(office, story.publication.id) == []
    story = await office.publication(post_id)
    assert story.publication.state == "failed" and story.publication.next_step_at is None

    await office.publishing.retry(user_id=office.user_id, publication_id=story.publication.id)
    await office.settles(post_id, "published")
    (out,) = office.page_posts()
    assert len(out["pictures"]) == 3 and loose_photos(office) == []


async def test_what_is_left_of_a_failure_is_not_mixed_with_what_is_sent_again(office: Office) -> None:
    control = office.practice.control
    control.graph_error("photos", 100, 1366046, method="POST", account_id=office.accounts.page.id, nth=3)
    images = await three_images(office)
    post_id = await office.sends("Sent again", to=[office.page], images=images)
    story = await office.settles(post_id, "failed")
    left = await parts_of(office, story.publication.id)
    control.clear_faults()
    # Nobody has tidied up yet.
    await office.publishing.retry(user_id=office.user_id, publication_id=story.publication.id)
    await office.settles(post_id, "published")
    kept = await parts_of(office, story.publication.id)
    assert len(left) == 2 and len(kept) == 3
    assert not {reference for _, _, reference, *_ in left} & {reference for _, _, reference, *_ in kept}
    assert loose_photos(office) == [] and len(office.page_posts()) == 1


@pytest.mark.parametrize("values", [{"sha256": "0" * 64}, {"position": 7}], ids=["another file", "a gap"])
async def test_parts_that_are_not_those_of_the_post_are_never_published(
    office: Office, values: dict[str, object]
) -> None:
    images = await three_images(office)
    post_id = await office.sends("The right ones", to=[office.page], images=images)
    await office.turn()
    story = await office.publication(post_id)
    assert story.publication.reference == "" and office.page_posts() == []
    before = await parts_of(office, story.publication.id)
    async with office.database.writing() as session:
        await session.execute(
            update(PublicationPart)
            .where(PublicationPart.publication_id == story.publication.id, PublicationPart.position == 1)
            .values(**values)
        )
    story = await office.settles(post_id, "published")
    assert "parts_changed" in codes(story)
    (out,) = office.page_posts()
    assert [picture["alt_text"] for picture in out["pictures"]] == ["Slide 0", "Slide 1", "Slide 2"]
    after = await parts_of(office, story.publication.id)
    assert not {reference for _, _, reference, *_ in before} & {reference for _, _, reference, *_ in after}
    assert loose_photos(office) == []


async def test_a_photo_that_vanished_is_handed_over_again_with_the_others(office: Office) -> None:
    post_id = await office.sends("Vanished", to=[office.page], images=await three_images(office))
    await office.turn()
    story = await office.publication(post_id)
    first = (await parts_of(office, story.publication.id))[0][2]
    publisher = office.channels.publisher(office.page)
    await publisher.discard(office.channels.account(office.page), [first])
    story = await office.settles(post_id, "published")
    assert "parts_missing" in codes(story)
    assert len(office.page_posts()[0]["pictures"]) == 3 and loose_photos(office) == []


# --- texts of their own, the AI label, the first comment


async def test_each_channel_gets_its_text_and_the_post_its_first_comment(office: Office) -> None:
    post_id = await office.sends(
        "For all",
        to=[office.instagram, office.page],
        images=[await office.image()],
        texts={office.page.id: "For the Page"},
        first_comment="#bread #harbour",
    )
    while await office.turn():
        pass
    (medium,), (page_post,) = office.media(), office.page_posts()
    assert (medium["caption"], page_post["message"]) == ("For all", "For the Page")
    assert medium["comments"] == page_post["comments"] == ["#bread #harbour"]
    for story in await office.publications(post_id):
        assert codes(story)[-2:] == ["published", "commented"]
        assert story.publication.comment_id and story.publication.permalink
        assert story.publication.next_step_at is None


@pytest.mark.parametrize(("kind", "sent"), [("drop_after", 1), ("drop_before", 2), ("garbage", 1)])
async def test_a_first_comment_whose_answer_is_lost_is_looked_for_before_it_is_written_again(
    office: Office, kind: str, sent: int
) -> None:
    control, account_id = office.practice.control, office.accounts.instagram.id
    control.fault(kind, edge="media_item.comments", method="POST", account_id=account_id, count=1)
    post_id = await office.sends("Commented once", first_comment="First!")
    story = await office.settles(post_id, "published")
    began = clock.now()
    for _ in range(12):
        if (story := await office.publication(post_id)).publication.comment_id:
            break
        await office.turn_in_time()
    assert office.media()[0]["comments"] == ["First!"]
    calls = [c for c in control.calls("media_item.comments", method="POST") if c["account_id"] == account_id]
    assert len(calls) == sent and codes(story)[-1] == "commented"
    if sent == 2:
        # Only after the safe while.
        assert calls[1]["at"] >= 0 and story.publication.comment_attempted_at is not None
        assert story.publication.comment_attempted_at >= began - SETTLE_AFTER


async def test_a_first_comment_that_is_refused_leaves_the_post_published(office: Office) -> None:
    office.practice.control.graph_error(
        "media_item.comments", 200, status=403, method="POST", account_id=office.accounts.instagram.id
    )
    post_id = await office.sends("Out anyway", first_comment="Never mind")
    await office.settles(post_id, "published")
    while await office.turn():
        pass
    story = await office.publication(post_id)
    row = story.publication
    assert (row.state, row.error_code, row.comment_id) == ("published", None, None)
    assert row.comment_error and row.permalink and row.next_step_at is None
    assert codes(story)[-1] == "comment_failed"
    assert sentences(story)[-1].startswith("The post is out. The first comment was not written.")
    assert (await office.channel(office.instagram)).status == "connected"
    assert office.media()[0]["comments"] == []


@pytest.mark.parametrize("code", [200, 2], ids=["refuses to show it", "never answers"])
async def test_a_first_comment_that_may_be_there_is_never_said_to_be_missing(
    office: Office, code: int
) -> None:
    control, account_id = office.practice.control, office.accounts.instagram.id
    control.fault("drop_after", edge="media_item.comments", method="POST", account_id=account_id, count=1)
    control.graph_error(
        "media_item.comments", code, status=403, method="GET", account_id=account_id, count=None
    )
    post_id = await office.sends("Perhaps commented", first_comment="First!")
    await office.settles(post_id, "published")
    for _ in range(12):
        if (story := await office.publication(post_id)).publication.comment_error:
            break
        await office.turn_in_time()
    row = story.publication
    assert (row.state, row.comment_id, row.next_step_at) == ("published", None, None)
    assert "does not say whether it has the first comment" in (row.comment_error or "")
    assert office.media()[0]["comments"] == ["First!"]

"""What a publication goes through, step by step: exactly one post on the platform, or the truth about it."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import httpx
import pytest

from app.core import clock
from app.core.errors import Conflict, NotFound
from app.models.channels import ChannelStatus
from app.models.posts import PublicationState
from app.providers.publishing.sites import PlatformSites
from app.services import posts
from app.services.publishing import MAX_ATTEMPTS, MAX_LOOKS, PATIENCE
from app.services.publishing.history import note
from tests.integration.office import SETTLE_AFTER, Office, codes, sentences


async def test_a_post_goes_out_on_both_platforms_with_its_history_in_plain_words(office: Office) -> None:
    image = await office.image("A loaf on a board")
    post_id = await office.sends("Fresh bread", to=[office.instagram, office.page], images=[image])
    while await office.turn():
        pass
    on_instagram, on_page = await office.publications(post_id)
    (medium,), (page_post,) = office.media(), office.page_posts()
    for story, external_id, permalink, label in (
        (on_instagram, medium["id"], medium["permalink"], "Instagram"),
        (on_page, page_post["id"], page_post["permalink_url"], "Facebook"),
    ):
        row = story.publication
        assert (row.state, row.external_id, row.permalink) == ("published", external_id, permalink)
        assert row.published_at and row.error_code is None and row.next_step_at is None
        assert row.lease_owner is None
        assert sentences(story) == [
            "Publishing.",
            f"{label} has taken the picture.",
            f"Published on {label}.",
        ]
    assert medium["caption"] == page_post["message"] == "Fresh bread"


async def test_a_picture_counts_as_used_once_for_each_publication_and_never_for_a_failure(
    office: Office,
) -> None:
    image = await office.image()
    before = clock.now()
    post_id = await office.sends("Used twice", to=[office.instagram, office.page], images=[image])
    while await office.turn():
        pass
    assert [story.publication.state for story in await office.publications(post_id)] == ["published"] * 2
    seen = await office.seen(image)
    assert seen.usage_count == 2 and seen.last_used_at is not None and seen.last_used_at >= before
    office.practice.control.graph_error(
        "media", 36001, 2207005, method="POST", account_id=office.accounts.instagram.id
    )
    await office.settles(await office.sends("Not used", images=[image]), "failed")
    assert (await office.seen(image)).usage_count == 2


# --- the answer of the irreversible call is lost


async def test_a_lost_answer_after_the_work_was_done_is_found_out_and_never_sent_again(
    office: Office,
) -> None:
    account_id = office.accounts.instagram.id
    for number, kind in enumerate(("drop_after", "garbage", "truncated"), start=1):
        office.practice.control.fault(kind, edge="media_publish", account_id=account_id)
        post_id = await office.sends(f"Lost by {kind}")
        story = await office.settles(post_id, "unconfirmed")
        assert story.publication.error_code == "outcome_unclear" and story.publication.external_id is None
        story = await office.settles(post_id, "published")
        assert story.publication.error_code is None and story.publication.error_detail is None
        assert codes(story) == ["started", "prepared", "outcome_unclear", "published"]
        assert "may be out" in sentences(story)[2]
        (medium,) = office.media(f"Lost by {kind}")
        assert story.publication.external_id == medium["id"]
        assert story.publication.permalink == medium["permalink"]
        assert office.publish_calls() == number


async def test_a_call_that_never_arrived_is_sent_again_after_a_safe_while(office: Office) -> None:
    office.practice.control.fault(
        "drop_before", edge="media_publish", account_id=office.accounts.instagram.id
    )
    post_id = await office.sends("Lost on its way")
    await office.settles(post_id, "unconfirmed")
    await office.time_passes(SETTLE_AFTER - timedelta(seconds=5))
    while await office.turn():
        pass
    assert (await office.publication(post_id)).publication.state == "unconfirmed"
    assert office.media() == [] and office.publish_calls() == 1
    story = await office.settles(post_id, "published")
    assert codes(story) == ["started", "prepared", "outcome_unclear", "not_sent", "published"]
    assert len(office.media()) == 1 and office.publish_calls() == 2


async def test_the_safe_while_begins_when_the_answer_is_known_to_be_lost(office: Office) -> None:
    # A process died a long while ago, and its call may have been under way until just now.
    post_id = await office.sends("Interrupted")
    await office.turn()
    await office.changes(post_id, attempted_at=clock.now() - timedelta(hours=1))
    await office.turn()
    story = await office.publication(post_id)
    assert story.publication.state == "unconfirmed" and story.publication.error_code == "interrupted"
    await office.turn()
    assert (await office.publication(post_id)).publication.state == "unconfirmed"
    assert office.publish_calls() == 0
    await office.time_passes(SETTLE_AFTER)
    story = await office.settles(post_id, "published")
    assert codes(story)[2:] == ["interrupted", "not_sent", "published"]
    assert len(office.media()) == 1


async def test_a_call_that_is_lost_again_and_again_is_given_up_with_nothing_out(office: Office) -> None:
    office.practice.control.fault(
        "drop_before", edge="media_publish", count=MAX_ATTEMPTS, account_id=office.accounts.instagram.id
    )
    post_id = await office.sends("Never arrives")
    story = await office.settles(post_id, "failed")
    assert story.publication.error_code == "not_taken"
    assert "nothing went out" in (story.publication.error_detail or "")
    assert codes(story).count("not_sent") == MAX_ATTEMPTS - 1
    assert office.media() == [] and office.publish_calls() == MAX_ATTEMPTS
    await office.publishing.retry(user_id=office.user_id, publication_id=story.publication.id)
    await office.settles(post_id, "published")
    assert len(office.media()) == 1


async def test_a_deleted_post_is_not_sent_when_it_turns_out_that_it_was_not_out(office: Office) -> None:
    office.practice.control.fault(
        "drop_before", edge="media_publish", account_id=office.accounts.instagram.id
    )
    post_id = await office.sends("Deleted meanwhile")
    await office.settles(post_id, "unconfirmed")
    async with office.database.writing() as session:
        await posts.delete_post(session, user_id=office.user_id, post_id=post_id)
    story = await office.settles(post_id, "failed")
    assert story.publication.error_code == "post_deleted" and "not_sent" not in codes(story)
    assert office.media() == [] and office.publish_calls() == 1


async def test_a_page_post_whose_answer_was_lost_is_found_among_the_recent_ones(office: Office) -> None:
    office.practice.control.fault("drop_after", edge="feed", account_id=office.accounts.page.id)
    post_id = await office.sends("Found by its words", to=[office.page])
    await office.settles(post_id, "unconfirmed")
    story = await office.settles(post_id, "published")
    (page_post,) = office.page_posts()
    assert story.publication.external_id == page_post["id"]
    assert story.publication.permalink == page_post["permalink_url"]


async def test_a_page_post_that_is_not_found_stays_unclear_until_a_person_has_looked(office: Office) -> None:
    office.practice.control.fault("drop_before", edge="feed", account_id=office.accounts.page.id)
    post_id = await office.sends("Nobody knows", to=[office.page])
    story = await office.settles(post_id, "unconfirmed")
    with pytest.raises(Conflict):
        await office.publishing.retry(user_id=office.user_id, publication_id=story.publication.id)
    for _ in range(MAX_LOOKS + 5):
        await office.turn_in_time()
    story = await office.publication(post_id)
    assert story.publication.state == "unconfirmed" and story.publication.next_step_at is None
    assert codes(story) == ["started", "prepared", "outcome_unclear", "needs_a_look"]
    assert sentences(story)[-1] == (
        "Facebook does not say whether this went out. Look at Facebook yourself, then check again."
    )
    assert story.publication.error_detail == sentences(story)[-1]
    assert office.page_posts() == []

    # It is not there, and it is not sent: what is asked for is another look.
    await office.settling.confirm(user_id=office.user_id, publication_id=story.publication.id)
    assert await office.turn() == [story.publication.id]
    story = await office.publication(post_id)
    assert story.publication.state == "unconfirmed" and codes(story)[-2:] == ["looking_again", "looked"]
    lines = len(story.events)
    # However often somebody asks, only the last such look is told.
    for _ in range(3):
        await office.settling.confirm(user_id=office.user_id, publication_id=story.publication.id)
        await office.turn()
    story = await office.publication(post_id)
    assert len(story.events) == lines and codes(story)[-2:] == ["looking_again", "looked"]
    assert sentences(story)[-1] == (
        "Facebook does not show it, which proves nothing so far. It is looked at again by itself. "
        "Or look there yourself."
    )
    assert office.page_posts() == []

    page = office.accounts.page
    async with httpx.AsyncClient(trust_env=False, headers=page.headers) as person:
        answer = await person.post(
            f"{office.practice.graph_url}/v26.0/{page.id}/feed", data={"message": "Nobody knows"}
        )
    story = await office.settles(post_id, "published")
    assert story.publication.external_id == answer.json()["id"]
    assert codes(story)[-3:] == ["looking_again", "looked", "published"]


async def test_a_platform_that_is_silent_for_hours_is_asked_until_it_answers(office: Office) -> None:
    account_id = office.accounts.instagram.id
    office.practice.control.fault("drop_after", edge="media_publish", account_id=account_id)
    office.practice.control.fault("http_500", edge="container", count=None, account_id=account_id, nth=2)
    post_id = await office.sends("Long silence")
    story = await office.settles(post_id, "unconfirmed")
    for _ in range(MAX_LOOKS + 10):
        await office.turn_in_time()
    story = await office.publication(post_id)
    assert codes(story)[-1] == "needs_a_look" and codes(story).count("needs_a_look") == 1
    due_at = story.publication.next_step_at
    assert due_at is not None and due_at <= clock.now() + timedelta(seconds=60)
    office.practice.control.clear_faults()
    await office.turn_in_time()
    story = await office.publication(post_id)
    assert story.publication.state == "published" and story.publication.external_id
    assert len(office.media()) == 1 and office.publish_calls() == 1


async def test_what_was_handed_over_and_has_expired_was_not_published(office: Office) -> None:
    office.practice.control.fault(
        "drop_before", edge="media_publish", account_id=office.accounts.instagram.id
    )
    post_id = await office.sends("Too late")
    await office.settles(post_id, "unconfirmed")
    office.practice.control.advance_clock(25 * 3600)
    try:
        story = await office.settles(post_id, "failed")
    finally:
        office.practice.control.advance_clock(-25 * 3600)
    assert story.publication.error_code == "preparation_lost"
    assert "nothing went out" in (story.publication.error_detail or "")
    assert office.media() == []


async def test_only_an_unclear_publication_can_be_looked_up_and_only_a_failed_one_sent_again(
    office: Office,
) -> None:
    post_id = await office.sends("Clear enough")
    story = await office.settles(post_id, "published")
    for ask, code in (
        (office.settling.confirm, "publication_settled"),
        (office.publishing.retry, "publication_not_failed"),
    ):
        with pytest.raises(Conflict) as refused:
            await ask(user_id=office.user_id, publication_id=story.publication.id)
        assert refused.value.code == code
        with pytest.raises(NotFound):
            await ask(user_id=office.user_id + 1, publication_id=story.publication.id)
    assert codes(await office.publication(post_id)) == codes(story)


# --- trouble before anything went out


async def test_trouble_that_passes_is_waited_out_and_told_in_one_line(office: Office) -> None:
    account_id = office.accounts.instagram.id
    office.practice.control.fault("http_500", edge="media", method="POST", count=2, account_id=account_id)
    office.practice.control.fault("garbage", edge="container", count=2, account_id=account_id)
    office.practice.control.fault("publish_not_ready", count=2, account_id=account_id)
    post_id = await office.sends("After some trouble")
    story = await office.settles(post_id, "published")
    assert "platform_unavailable" in codes(story)
    assert sentences(story)[1] == (
        "The platform does not work properly right now. It is tried again by itself."
    )
    assert len(office.media()) == 1


async def test_a_picture_that_never_gets_ready_fails_after_ten_minutes_with_nothing_out(
    office: Office,
) -> None:
    office.practice.control.fault("never_finished", account_id=office.accounts.instagram.id)
    post_id = await office.sends("Never ready")
    began = clock.now()
    story = await office.settles(post_id, "failed")
    assert story.publication.error_code == "platform_slow"
    assert story.publication.error_detail == (
        "Instagram is still working on the picture. Nothing went out. Send it again later."
    )
    started_at = story.publication.started_at
    assert started_at is not None and began - started_at > PATIENCE - timedelta(minutes=2)
    assert office.publish_calls() == 0
    await office.publishing.retry(user_id=office.user_id, publication_id=story.publication.id)
    story = await office.settles(post_id, "published")
    assert codes(story)[-4:] == ["platform_slow", "retried", "prepared", "published"]
    assert story.publication.error_code is None
    assert len(office.media()) == 1


async def test_a_post_over_the_platforms_daily_limit_waits_for_room_and_says_so(office: Office) -> None:
    post_id = await office.sends("One too many")
    office.practice.control.settings(quota_total=0)
    try:
        for _ in range(3):
            await office.turn()
        story = await office.publication(post_id)
    finally:
        office.practice.control.settings(quota_total=50)
    assert codes(story) == ["started", "prepared", "daily_limit_reached"]
    assert sentences(story)[-1] == (
        "The account has as many posts as Instagram takes in 24 hours. Posts go out by themselves afterwards."
    )
    assert story.publication.held_until is not None and await office.turn() == []
    story = await office.settles(post_id, "published")
    assert codes(story)[-2:] == ["resumed", "published"]
    assert (await office.channel(office.instagram)).status == ChannelStatus.CONNECTED.value
    assert len(office.media("One too many")) == 1


async def test_what_was_handed_over_in_vain_is_handed_over_a_few_times(office: Office) -> None:
    account_id = office.accounts.instagram.id
    office.practice.control.graph_error("media", -2, 2207003, method="POST", count=2, account_id=account_id)
    post_id = await office.sends("Third time lucky")
    story = await office.settles(post_id, "published")
    assert codes(story) == [
        "started",
        "picture_download_slow",
        "picture_download_slow",
        "prepared",
        "published",
    ]
    assert sentences(story)[1].endswith("Handing it over once more.")

    office.practice.control.graph_error(
        "media", -2, 2207003, method="POST", count=None, account_id=account_id
    )
    story = await office.settles(await office.sends("Never lucky"), "failed")
    assert story.publication.error_detail == (
        "Instagram took too long to fetch the picture. Nothing went out, after 3 attempts. "
        "Send it again later."
    )
    assert len(office.media()) == 1


async def test_a_refused_text_fails_with_the_cure_and_leaves_the_channel_alone(office: Office) -> None:
    office.practice.control.graph_error(
        "media_publish", 36004, 2207010, account_id=office.accounts.instagram.id
    )
    story = await office.settles(await office.sends("Refused"), "failed")
    assert story.publication.error_code == "text_too_long"
    assert story.publication.attempted_at is None and story.publication.next_step_at is None
    assert (await office.channel(office.instagram)).status == ChannelStatus.CONNECTED.value
    assert office.media() == []


# --- the link


async def test_a_link_that_cannot_be_had_never_makes_a_published_post_doubtful(office: Office) -> None:
    account_id = office.accounts.instagram.id
    office.practice.control.fault("http_500", edge="media_item", count=2, account_id=account_id)
    post_id = await office.sends("The link comes later")
    story = await office.settles(post_id, "published")
    assert story.publication.permalink is None and story.publication.external_id
    while await office.turn_in_time():
        pass
    story = await office.publication(post_id)
    assert story.publication.state == "published"
    (medium,) = office.media()
    assert story.publication.permalink == medium["permalink"]
    assert codes(story) == ["started", "prepared", "published"]


async def test_a_link_that_never_comes_is_given_up_and_the_post_stays_published(office: Office) -> None:
    account_id, control = office.accounts.instagram.id, office.practice.control
    long_link = {"id": "1", "permalink": f"https://www.instagram.com/p/{'x' * 600}/"}
    control.graph_error("media_item", 190, 460, count=None, account_id=account_id)
    for text in ("Refused", "Too long to be kept"):
        post_id = await office.sends(text)
        await office.settles(post_id, "published")
        while await office.turn_in_time():
            pass
        story = await office.publication(post_id)
        assert story.publication.state == PublicationState.PUBLISHED.value
        assert story.publication.permalink is None and story.publication.next_step_at is None
        control.clear_faults()
        control.fault("error", edge="media_item", status=200, body=long_link, account_id=account_id)


# --- planned


async def test_a_planned_post_goes_out_when_its_time_has_come_and_not_before(office: Office) -> None:
    post_id = await office.plans("In an hour")
    assert await office.turn() == []
    publication_id = (await office.publication(post_id)).publication.id
    for ask in (office.publishing.retry, office.settling.confirm):
        with pytest.raises(Conflict):
            await ask(user_id=office.user_id, publication_id=publication_id)
    await office.time_passes(timedelta(minutes=59))
    assert await office.turn() == []
    await office.time_passes(timedelta(minutes=1))
    story = await office.settles(post_id, "published")
    assert sentences(story)[:2] == ["Scheduled.", "The time has come: publishing."]
    assert len(office.media()) == 1


async def test_a_planned_post_is_checked_once_more_when_it_is_due(office: Office) -> None:
    post_id = await office.plans("Channel gone meanwhile")
    office.practice.control.change_account(office.accounts.instagram.id, token_subcode=460)
    await office.settles(await office.sends("Finds out"), "failed")
    story = await office.settles(post_id, "failed")
    assert story.publication.error_code == "channel_not_connected"
    assert "Connect the channel again" in (story.publication.error_detail or "")
    assert codes(story) == ["scheduled", "channel_not_connected"]


async def test_publishing_a_planned_post_ahead_of_its_time_sends_it_once(office: Office) -> None:
    post_id = await office.plans("Sooner")
    await office.publishing.publish(user_id=office.user_id, post_id=post_id)
    story = await office.settles(post_id, "published")
    assert codes(story)[:2] == ["scheduled", "started"]
    await office.time_passes(timedelta(hours=2))
    assert await office.turn() == []
    assert len(office.media()) == 1
    async with office.database.reading() as session:
        post = await posts.get_post(session, user_id=office.user_id, post_id=post_id)
    assert post.scheduled_at is None


async def test_a_list_tells_so_much_of_long_posts_and_the_post_itself_tells_all(office: Office) -> None:
    longest = "x" * 60_000
    written = [await office.writes(longest, to=[office.page]) for _ in range(40)]
    post_id = await office.sends("With a long history", to=[office.page])
    story = await office.settles(post_id, "published")
    async with office.database.writing() as session:
        for number in range(50):
            note(session, story.publication.id, clock.now(), "looked", f"Look {number}")
    found: list[int] = []
    after = None
    async with office.database.reading() as session:
        while True:
            page, after = await posts.list_posts(
                session,
                user_id=office.user_id,
                business_id=office.business_id,
                state=None,
                limit=100,
                after=after,
            )
            assert sum(len(post.content_text) for post in page) <= 2_000_000
            found += [post.id for post in page]
            if after is None:
                break
        assert found == [post_id, *reversed(written)]
        post = await posts.get_post(session, user_id=office.user_id, post_id=post_id)
        (brief_post,) = await posts.tell(session, [post], is_brief=True)
        (whole_post,) = await posts.tell(session, [post])
    (brief,), (whole,) = brief_post.publications, whole_post.publications
    assert sentences(brief) == [f"Look {number}" for number in range(40, 50)]
    assert brief.event_count == whole.event_count == len(whole.events) == 53


async def test_an_address_elsewhere_is_not_kept_as_the_link_of_a_post(embedded_office: Office) -> None:
    office = embedded_office
    # Told by Meta itself it would lie there; this server tells addresses of its own.
    at_meta = dataclasses.replace(office, sites=PlatformSites("http://localhost:8000/practice"))
    story = await at_meta.settles(await at_meta.sends("Led astray"), "published")
    (medium,) = office.media("Led astray")
    assert story.publication.external_id == medium["id"] and story.publication.permalink is None
    story = await office.settles(await office.sends("Led there"), "published")
    assert story.publication.permalink


async def test_a_shape_that_is_refused_though_it_is_right_is_handed_over_anew(
    embedded_office: Office,
) -> None:
    office = embedded_office

    def refuse(count: int | None) -> None:
        office.practice.control.graph_error(
            "media", 36003, 2207009, method="POST", count=count, account_id=office.accounts.instagram.id
        )

    refuse(1)
    story = await office.settles(await office.sends("Not all of it came"), "published")
    assert codes(story) == ["started", "picture_not_fetched", "prepared", "published"]
    refuse(None)
    story = await office.settles(await office.sends("None of it comes"), "failed")
    assert story.publication.error_code == "picture_not_fetched"
    assert "could not tell the shape of the picture" in (story.publication.error_detail or "")
    assert office.media("None of it comes") == []

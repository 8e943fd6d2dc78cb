"""Trouble of our own, and of the account: what it does to a publication, its channel, and nothing else."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from app.core import clock
from app.core.crypto import Vault
from app.core.errors import RuleBroken, UpstreamUnavailable
from app.models.businesses import Business
from app.models.channels import Channel
from app.models.images import Rendition
from app.models.posts import Post
from app.providers.publishing.practice_accounts import AccountService
from app.providers.storage.base import ObjectMissing, StorageError
from app.services import channels, posts
from app.services.channels import Channels
from app.services.publishing import MAX_LOOKS, PATIENCE
from tests.api.edge_app import json_log
from tests.integration.office import Office, codes, make_channels, sentences


@pytest.fixture
def office(embedded_office: Office) -> Office:
    """No database decides what happens here."""
    return embedded_office


async def reconnect(office: Office, token: str) -> Channel:
    """The owner connects the Instagram account again."""
    return await office.channels.connect(
        user_id=office.user_id,
        business_id=office.business_id,
        platform="instagram",
        external_id=office.accounts.instagram.id,
        access_token=token,
        name=None,
        login="facebook",
    )


async def disconnect(office: Office, channel: Channel) -> None:
    async with office.database.writing() as session:
        await channels.disconnect(session, user_id=office.user_id, channel_id=channel.id)


# --- the account


async def test_a_token_that_ended_fails_the_publication_and_asks_for_connecting_again(
    office: Office,
) -> None:
    account = office.accounts.instagram
    office.practice.control.change_account(account.id, token_subcode=460)
    post_id = await office.sends("Token ended")
    story = await office.settles(post_id, "failed")
    assert story.publication.error_code == "token_invalid"
    assert story.publication.error_detail == (
        "Meta no longer accepts this connection. Connect the channel again."
    )
    assert (await office.channel(office.instagram)).status == "reconnect_needed"
    assert (await office.channel(office.page)).status == "connected"
    with pytest.raises(RuleBroken) as refused:
        await office.sends("Not even begun")
    assert refused.value.code == "channel_not_connected"

    office.practice.control.change_account(account.id, token_subcode=None)
    assert (await reconnect(office, account.access_token)).id == office.instagram.id
    assert (await office.channel(office.instagram)).status == "connected"
    await office.publishing.retry(user_id=office.user_id, publication_id=story.publication.id)
    await office.settles(post_id, "published")
    assert len(office.media("Token ended")) == 1


async def test_an_account_that_the_platform_holds_is_marked_and_works_again_after_a_success(
    office: Office,
) -> None:
    account = office.accounts.instagram
    office.practice.control.change_account(account.id, is_restricted=True)
    post_id = await office.sends("Held back")
    story = await office.settles(post_id, "failed")
    assert story.publication.error_code == "account_needs_attention"
    assert (await office.channel(office.instagram)).status == "restricted"
    with pytest.raises(RuleBroken) as refused:
        await office.sends("Not even begun")
    assert "Log in on Instagram" in refused.value.detail

    office.practice.control.change_account(account.id, is_restricted=False)
    await office.publishing.retry(user_id=office.user_id, publication_id=story.publication.id)
    await office.settles(post_id, "published")
    assert (await office.channel(office.instagram)).status == "connected"


@pytest.mark.parametrize(
    ("code", "subcode", "told"),
    [
        (100, 1404102, "community_standards"),
        (321, None, "album_full"),
        (3, None, "app_not_allowed"),
        (368, 1346003, "post_held"),
    ],
)
async def test_what_holds_one_post_leaves_the_channel_to_the_others(
    office: Office, code: int, subcode: int | None, told: str
) -> None:
    office.practice.control.graph_error("photos", code, subcode, account_id=office.accounts.page.id)
    image = await office.image()
    story = await office.settles(await office.sends("Held", to=[office.page], images=[image]), "failed")
    assert story.publication.error_code == told
    assert (await office.channel(office.page)).status == "connected"
    await office.settles(await office.sends("Another", to=[office.page]), "published")


async def test_a_late_no_to_an_old_token_does_not_touch_a_channel_that_was_connected_again(
    office: Office,
) -> None:
    account, runner = office.accounts.instagram, office.runner()
    post_id = await office.sends("Old token")
    (publication_id,) = await runner.claim_due(5)
    async with office.held("media", "hold_before") as until_held:
        step = asyncio.create_task(runner.step(publication_id))
        await until_held()
        await reconnect(office, account.access_token)
        office.practice.control.change_account(account.id, token_subcode=460)
    await step
    assert (await office.publication(post_id)).publication.error_code == "token_invalid"
    assert (await office.channel(office.instagram)).status == "connected"


async def test_a_channel_that_was_disconnected_fails_what_is_still_tried_on_it(office: Office) -> None:
    office.practice.control.graph_error(
        "media", 36004, 2207010, method="POST", account_id=office.accounts.instagram.id
    )
    failed = await office.settles(await office.sends("Tried again later"), "failed")
    await disconnect(office, office.instagram)
    await office.publishing.retry(user_id=office.user_id, publication_id=failed.publication.id)
    story = await office.settles(failed.publication.post_id, "failed")
    assert codes(story)[-2:] == ["retried", "channel_disconnected"]
    assert (story.publication.error_detail or "").endswith("was disconnected. Connect it again.")
    assert office.media("Tried again later") == []


async def test_an_unclear_publication_on_a_disconnected_channel_asks_for_a_person(office: Office) -> None:
    account = office.accounts.instagram
    office.practice.control.fault("drop_after", edge="media_publish", account_id=account.id)
    post_id = await office.sends("Out, and nobody knows")
    story = await office.settles(post_id, "unconfirmed")
    await disconnect(office, office.instagram)
    await office.turn_in_time()
    story = await office.publication(post_id)
    assert codes(story)[-1] == "needs_a_look" and story.publication.next_step_at is None
    assert "Connect it again" in sentences(story)[-1]

    await reconnect(office, account.access_token)
    await office.settling.confirm(user_id=office.user_id, publication_id=story.publication.id)
    await office.settles(post_id, "published")
    assert len(office.media("Out, and nobody knows")) == 1


async def test_an_unclear_publication_whose_token_ended_asks_for_a_person_and_is_not_failed(
    office: Office,
) -> None:
    account = office.accounts.page
    office.practice.control.fault("drop_after", edge="feed", account_id=account.id)
    post_id = await office.sends("Out, and the token ended", to=[office.page])
    await office.settles(post_id, "unconfirmed")
    office.practice.control.change_account(account.id, token_subcode=460)
    await office.turn_in_time()
    story = await office.publication(post_id)
    assert (story.publication.state, codes(story)[-1]) == ("unconfirmed", "needs_a_look")
    assert (await office.channel(office.page)).status == "reconnect_needed"
    office.practice.control.change_account(account.id, token_subcode=None)
    await office.settling.confirm(user_id=office.user_id, publication_id=story.publication.id)
    await office.settles(post_id, "published")
    assert (await office.channel(office.page)).status == "connected"


async def test_a_token_sealed_with_another_secret_is_said_to_be_unreadable(office: Office) -> None:
    post_id = await office.sends("Another secret")
    stranger = office.runner(channels=make_channels(office.database, b"another", office.graph))
    story = await office.settles(post_id, "failed", publishing=stranger)
    assert story.publication.error_code == "channel_token_unreadable"
    assert "SECRET_KEY" in (story.publication.error_detail or "")
    assert (await office.channel(office.instagram)).status == "reconnect_needed"


async def test_a_practice_channel_whose_token_cannot_be_read_gets_a_new_one(office: Office) -> None:
    key, stranger_vault = office.practice.key, Vault(lambda: [b"another"])
    async with office.database.reading() as session:
        business = await session.get_one(Business, office.business_id)
    opener = AccountService(office.practice.url, key)
    practice_channels = Channels(office.database, Vault(lambda: [b"office"]), {}, opener)
    assert await practice_channels.open_practice(business.id, business.name)

    async def of_practice() -> list[Channel]:
        async with office.database.reading() as session:
            found = await session.scalars(
                select(Channel)
                .where(Channel.business_id == business.id, Channel.is_practice)
                .order_by(Channel.id)
            )
            return list(found)

    # One has a token of another secret; the platform refuses the other's, which stays for a person.
    unreadable, refused = await of_practice()
    async with office.database.writing() as session:
        await session.execute(
            update(Channel)
            .where(Channel.id == unreadable.id)
            .values(status="reconnect_needed", token_sealed=stranger_vault.seal("x", "y"))
        )
    await practice_channels.open_missing_practice()
    assert [channel.status for channel in await of_practice()] == ["connected", "connected"]
    assert all(practice_channels.account(channel).access_token for channel in await of_practice())

    async with office.database.writing() as session:
        await session.execute(
            update(Channel).where(Channel.id == refused.id).values(status="reconnect_needed")
        )
    await Channels(office.database, Vault(lambda: [b"office"]), {}, opener).open_missing_practice()
    assert [channel.status for channel in await of_practice()] == ["connected", "reconnect_needed"]
    await opener.close()


async def test_a_platform_that_this_server_has_no_longer_fails_the_publication(office: Office) -> None:
    post_id = await office.sends("No platform")
    poorer = office.runner(channels=make_channels(office.database, b"office"))
    story = await office.settles(post_id, "failed", publishing=poorer)
    assert story.publication.error_code == "channel_not_available"


# --- our own


async def test_a_store_that_is_down_when_a_planned_post_is_due_delays_it_and_does_not_fail_it(
    office: Office,
) -> None:
    image = await office.image()
    post_id = await office.plans("Store down", images=[image])
    await _forget_renditions(office)
    office.storage.trouble = StorageError("down")
    await office.time_passes(timedelta(hours=1))
    for _ in range(4):
        await office.turn_in_time()
    story = await office.publication(post_id)
    assert story.publication.state == "publishing"
    assert codes(story) == ["scheduled", "started", "storage_unavailable"]
    office.storage.trouble = None
    await office.settles(post_id, "published")
    assert len(office.media("Store down")) == 1


async def test_a_store_that_stays_down_fails_the_publication_in_the_end_with_nothing_out(
    office: Office,
) -> None:
    post_id = await office.sends("Store gone")
    await _forget_renditions(office)
    office.storage.trouble = StorageError("down")
    story = await office.settles(post_id, "failed")
    assert story.publication.error_code == "storage_unavailable"
    assert (story.publication.error_detail or "").endswith("Nothing went out. Send it again later.")


async def test_a_store_that_is_down_refuses_to_send_and_does_not_blame_the_picture(office: Office) -> None:
    post_id = await office.writes("Cannot be checked")
    office.storage.trouble = StorageError("down")
    with pytest.raises(UpstreamUnavailable) as refused:
        await office.publishing.publish(user_id=office.user_id, post_id=post_id)
    assert refused.value.code == "storage_unavailable"
    assert await office.publications(post_id) == []


async def test_a_picture_whose_file_is_missing_fails_the_publication(office: Office) -> None:
    post_id = await office.sends("File missing")
    await _forget_renditions(office)
    office.storage.trouble = ObjectMissing("gone")
    story = await office.settles(post_id, "failed")
    assert story.publication.error_code == "image_file_missing"


async def test_trouble_that_nobody_foresaw_is_logged_tried_again_and_told_in_the_end(
    office: Office,
) -> None:
    post_id = await office.sends("Unforeseen")
    await _forget_renditions(office)
    office.storage.trouble = RuntimeError("a bug")
    with json_log() as log:
        await office.turn()
    assert "publication.step_failed" in log.getvalue()
    story = await office.publication(post_id)
    assert story.publication.state == "publishing" and story.publication.lease_owner is None
    assert story.publication.next_step_at is not None
    await office.time_passes(PATIENCE)
    with json_log():
        story = await office.settles(post_id, "failed")
    assert story.publication.error_code == "internal_error"
    assert story.publication.error_detail == (
        "Something went wrong on this server. Nothing went out. Send it again later."
    )
    office.storage.trouble = None
    await office.publishing.retry(user_id=office.user_id, publication_id=story.publication.id)
    await office.settles(post_id, "published")


async def test_unforeseen_trouble_while_looking_never_settles_anything(office: Office) -> None:
    office.practice.control.fault("drop_after", edge="media_publish", account_id=office.accounts.instagram.id)
    post_id = await office.sends("Unforeseen look")
    await office.settles(post_id, "unconfirmed")
    await _forget_renditions(office)
    office.storage.trouble = RuntimeError("a bug")
    with json_log():
        for _ in range(MAX_LOOKS + 2):
            await office.turn_in_time()
    assert (await office.publication(post_id)).publication.state == "unconfirmed"
    office.storage.trouble = None
    await office.settles(post_id, "published")
    assert len(office.media("Unforeseen look")) == 1


# --- what a request leaves behind


async def test_a_key_finds_the_post_of_the_first_request_for_a_day_and_then_makes_a_new_one(
    office: Office,
) -> None:
    async def write(text: str) -> Post:
        async with office.database.writing() as session:
            return await posts.create_post(
                session,
                user_id=office.user_id,
                business_id=office.business_id,
                content_text=text,
                pictures=[],
                channel_ids=[office.page.id],
                request_key="monday",
            )

    first = await write("Monday's offer")
    assert (await write("Monday's offer")).id == first.id
    async with office.database.writing() as session:
        yesterday = clock.now() - timedelta(hours=24, minutes=1)
        await session.execute(update(Post).where(Post.id == first.id).values(created_at=yesterday))
    second = await write("Next Monday's offer")
    assert second.id != first.id and second.content_text == "Next Monday's offer"
    assert (await write("Next Monday's offer")).id == second.id


async def _forget_renditions(office: Office) -> None:
    """The files that would be sent have to be made again."""
    async with office.database.writing() as session:
        await session.execute(delete(Rendition))

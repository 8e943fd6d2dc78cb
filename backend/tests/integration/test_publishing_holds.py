"""Pauses that a platform asks for, trouble of a whole platform, and room in the posts of a day."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Database
from app.core.errors import Conflict, RuleBroken
from app.models.channels import Channel
from app.models.posts import PublicationState
from app.models.sending import Hold
from app.providers.publishing.base import AppRateLimited
from app.services import posts, publishing
from app.services.images import restore_image, trash_image
from app.services.publishing.holds import Holds, HoldTerms
from app.services.publishing.quota import DAY, next_free
from tests.integration.office import SETTLE_AFTER, Office, codes, open_business, sentences

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


async def more_accounts(office: Office, count: int) -> list[Channel]:
    """Further Instagram accounts of the business."""
    found = []
    for number in range(count):
        account = (await asyncio.to_thread(office.practice.control.accounts, f"Branch {number}")).instagram
        found.append(
            await office.channels.connect(
                user_id=office.user_id,
                business_id=office.business_id,
                platform="instagram",
                external_id=account.id,
                access_token=account.access_token,
                name=None,
                login="facebook",
            )
        )
    return found


async def holds(office: Office) -> list[str]:
    """What keeps posts of the business from going out."""
    async with office.database.reading() as session:
        found = await publishing.list_holds(session, user_id=office.user_id, business_id=office.business_id)
    return [f"{hold.code}{'' if hold.channel_id is None else ' of a channel'}" for hold in found]


async def states(office: Office, post_ids: list[int]) -> list[str]:
    return [(await office.publication(post_id)).publication.state for post_id in post_ids]


async def test_an_account_that_is_asked_to_stay_away_stops_alone_and_goes_on_by_itself(
    office: Office,
) -> None:
    account = office.accounts.instagram.id
    (other,) = await more_accounts(office, 1)
    office.practice.control.graph_error(
        "media",
        80002,
        method="POST",
        account_id=account,
        headers={
            "X-Business-Use-Case-Usage": '{"1":[{"type":"instagram","estimated_time_to_regain_access":20}]}'
        },
    )
    first, second = await office.sends("First"), await office.sends("Second")
    elsewhere = await office.sends("Elsewhere", to=[other], images=[await office.image()])
    await office.settles(elsewhere, "published")
    assert await states(office, [first, second]) == ["publishing", "publishing"]
    assert await holds(office) == ["platform_rate_limited of a channel"]
    for post_id in (first, second):
        story = await office.publication(post_id)
        held_until = publishing.held_until(story)
        assert held_until is not None and held_until > clock.now() + timedelta(minutes=18)
        assert codes(story) == ["started", "platform_rate_limited"]
    calls = len(office.practice.control.calls("media"))
    assert await office.turn() == []
    assert len(office.practice.control.calls("media")) == calls

    office.graph._paused_until.clear()  # as after a restart: only the database knows of the pause
    await office.settles(second, "published")
    assert await states(office, [first, second]) == ["published", "published"]
    assert [medium["caption"] for medium in office.media()] == ["First", "Second"]
    assert await holds(office) == []


async def test_a_channel_whose_posts_of_the_day_are_used_up_is_tried_when_its_owner_says_so(
    office: Office,
) -> None:
    account = office.accounts.instagram.id
    office.practice.control.graph_error("media_publish", 9, 2207042, method="POST", account_id=account)
    first, second = await office.sends("First"), await office.sends("Second")
    for _ in range(2):
        await office.turn()
    assert await holds(office) == ["daily_limit_reached of a channel"]
    assert await office.turn() == []
    await office.settling.try_now(user_id=office.user_id, channel_id=office.instagram.id)
    for post_id in (first, second):
        await office.settles(post_id, "published")
    assert [medium["caption"] for medium in office.media()] == ["First", "Second"]
    assert await holds(office) == []


async def test_the_same_fault_on_several_accounts_holds_the_platform_until_a_probe_goes_out(
    office: Office,
) -> None:
    branches = await more_accounts(office, 3)
    office.practice.control.fault("http_500", edge="media", method="POST", count=None)
    sent = [
        await office.sends(f"Branch {number}", to=[branch], images=[await office.image()])
        for number, branch in enumerate(branches)
    ]
    for _ in range(2):
        await office.turn()
    assert await holds(office) == ["platform_unavailable"]
    late, *later = [await office.sends(text) for text in ("Late", "Later", "Last")]
    page = await office.sends("On the Page", to=[office.page])
    await office.settles(page, "published")  # another platform
    story = await office.publication(late)
    assert sentences(story)[-1].startswith("Instagram has trouble for several accounts at once.")

    made = len(office.practice.control.calls("media"))
    for _ in range(3):
        await office.turn_in_time()
    assert len(office.practice.control.calls("media")) - made <= 3  # one at a time, not all four
    assert set(await states(office, [*sent, late, *later])) == {"publishing"}

    office.practice.control.clear_faults()
    for post_id in [*sent, late, *later]:
        await office.settles(post_id, "published")
    assert [medium["caption"] for medium in office.media()] == ["Late", "Later", "Last"]
    assert await holds(office) == []
    out = office.practice.control.media()
    for channel in branches:
        assert len([medium for medium in out if medium["account_id"] == channel.external_id]) == 1


async def another_owner(office: Office, name: str) -> Office:
    """Somebody else on the same server, with a business and an Instagram account."""
    user_id, business_id = await open_business(office.database)
    theirs = dataclasses.replace(office, user_id=user_id, business_id=business_id)
    account = (await asyncio.to_thread(office.practice.control.accounts, name)).instagram
    channel = await office.channels.connect(
        user_id=user_id,
        business_id=business_id,
        platform="instagram",
        external_id=account.id,
        access_token=account.access_token,
        name=None,
        login="facebook",
    )
    return dataclasses.replace(
        theirs, instagram=channel, accounts=dataclasses.replace(office.accounts, instagram=account)
    )


async def test_many_accounts_of_one_owner_hold_nobody_but_themselves(office: Office) -> None:
    branches, bob = await more_accounts(office, 3), await another_owner(office, "Bob")
    for branch in branches:
        office.practice.control.fault(
            "http_500", edge="media", method="POST", count=None, account_id=branch.external_id
        )
    for _ in range(2):
        for branch in branches:
            await office.sends("In trouble", to=[branch], images=[await office.image()])
        await office.turn()
    assert set(await holds(office)) == {"platform_unavailable of a channel"}
    assert await holds(bob) == []
    post_id = await bob.sends("Not concerned")
    await bob.settles(post_id, "published")
    assert len(bob.media("Not concerned")) == 1


async def test_owners_take_turns_at_trying_and_those_without_trouble_come_first(office: Office) -> None:
    troubled = [office, *[await another_owner(office, name) for name in ("Bob", "Cleo")]]
    accounts = [owner.accounts.instagram.id for owner in troubled]
    for account in accounts:
        office.practice.control.fault("http_500", edge="media", method="POST", count=None, account_id=account)
    # The first has many posts, which were due before those of all others.
    for owner in (office, office, office, *troubled[1:]):
        await owner.sends("In trouble")
    for _ in range(2):
        await office.turn()
    assert await holds(office) == ["platform_unavailable"]

    def made() -> list[str]:
        return [call["account_id"] for call in office.practice.control.calls("media")]

    before = len(made())
    for _ in range(30):
        if len(made()) >= before + 6:
            break
        await office.turn_in_time()
    assert sorted(made()[before : before + 3]) == sorted(accounts)
    assert sorted(made()[before + 3 : before + 6]) == sorted(accounts)

    dora = await another_owner(office, "Dora")
    well = await dora.sends("Well")
    tried = len(made())
    await dora.settles(well, "published")
    assert made()[tried:][0] == dora.accounts.instagram.id
    assert await holds(office) == []


class Overtaken(Database):
    """The database of a server that another one overtakes just before it writes."""

    overtake: Callable[[], Awaitable[object]] | None = None

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        overtake, self.overtake = self.overtake, None
        if overtake is not None:
            await overtake()
        async with super().writing() as session:
            yield session


@pytest.mark.parametrize("meanwhile", ["chosen", "chosen-when-already-turned-away", "all-let-go"])
async def test_whom_another_server_lets_go_meanwhile_is_not_held(
    office: Office, database_url: str, meanwhile: str
) -> None:
    bob = await another_owner(office, "Bob")
    mine, his = await office.sends("Chosen"), await bob.sends("Waits")
    async with office.database.writing() as session:
        begun_at = clock.now()
        hold = Hold(
            platform="instagram",
            is_practice=office.instagram.is_practice,
            code="platform_unavailable",
            detail="Instagram has trouble.",
            began_at=begun_at,
            until=begun_at + timedelta(hours=0 if meanwhile == "chosen" else 1),
        )
        session.add(hold)
    database = Overtaken(database_url)
    late, early = office.runner("late", database=database), office.runner("early")
    (chosen,) = await late.claim_due(1)
    (waiting,) = await early.claim_due(1)

    async def overtake() -> None:
        async with office.database.writing() as session:
            row = await session.get_one(Hold, hold.id)
            row.until = clock.now()
            if meanwhile == "all-let-go":
                row.ended_at = clock.now()
        await early.step(waiting)

    try:
        database.overtake = overtake
        await late.step(chosen)
        async with office.database.reading() as session:
            row = await session.get_one(Hold, hold.id)
        assert row.probe_publication_id == (None if meanwhile == "all-let-go" else chosen)
        # No time passes: everything goes out all the same, the one that tries before the other.
        for _ in range(8):
            await office.turn(late)
        assert await states(office, [mine, his]) == ["published", "published"]
        assert await holds(office) == []
    finally:
        await database.close()


@pytest.mark.parametrize("is_one_app", [False, True])
async def test_an_app_that_asked_too_often_stops_others_only_where_all_tokens_are_of_it(
    embedded_office: Office, is_one_app: bool
) -> None:
    office = embedded_office
    keeper = Holds(office.database, wake=lambda: None, terms=HoldTerms(is_one_app=is_one_app))
    for channel in await more_accounts(office, 2):
        assert not channel.is_practice
        await keeper.note(
            channel, 0, AppRateLimited("app_rate_limited", "Too many calls.", retry_after=86_400)
        )
    found = await holds(office)
    assert found.count("app_rate_limited of a channel") == 2
    assert ("app_rate_limited" in found) == is_one_app


async def test_trouble_of_some_accounts_stops_nobody_while_others_go_out(office: Office) -> None:
    troubled, well = (await more_accounts(office, 3)), office.instagram
    for branch in troubled:
        office.practice.control.fault(
            "http_500", edge="media", method="POST", count=None, account_id=branch.external_id
        )
    await office.sends("In trouble", to=[troubled[0]], images=[await office.image()])
    await office.turn()
    await office.settles(await office.sends("Well", to=[well]), "published")
    for branch in troubled[1:]:
        await office.sends("In trouble", to=[branch], images=[await office.image()])
    await office.turn()
    assert await holds(office) == []


async def test_what_is_ready_in_one_place_and_not_in_the_other_is_tried_again_at_growing_intervals(
    embedded_office: Office,
) -> None:
    office = embedded_office
    office.practice.control.fault("publish_not_ready", count=5, account_id=office.accounts.instagram.id)
    post_id = await office.sends("Nearly ready")
    waits: list[int] = []
    while (story := await office.publication(post_id)).publication.state == "publishing":
        attempts = office.publish_calls()
        await office.turn()
        row = (await office.publication(post_id)).publication
        if office.publish_calls() > attempts and row.next_step_at is not None:
            waits.append(round((row.next_step_at - clock.now()).total_seconds()))
        await office.time_passes(timedelta(seconds=60))
    assert story.publication.state == "published"
    assert waits[:5] == [5, 15, 30, 60, 60]
    assert codes(story).count("not_ready_yet") == 1
    assert len(office.media("Nearly ready")) == 1


async def test_a_post_that_is_held_back_can_be_taken_back(embedded_office: Office) -> None:
    office = embedded_office
    office.practice.control.graph_error(
        "media", 17, method="POST", nth=3, account_id=office.accounts.instagram.id
    )
    images = [await office.image() for _ in range(3)]
    post_id = await office.sends("Held", images=images)
    await office.turn()
    story = await office.publication(post_id)
    assert len(story.parts) == 2 and publishing.held_until(story) is not None
    async with office.database.writing() as session:
        await posts.delete_post(session, user_id=office.user_id, post_id=post_id)
    story = await office.publication(post_id)
    assert (story.publication.state, codes(story)[-1]) == ("failed", "taken_back")
    await office.time_passes(timedelta(hours=2))
    for _ in range(5):
        await office.turn()
    assert (await office.publication(post_id)).publication.state == "failed"
    assert office.media() == []


# --- room in the posts of a day


@pytest.mark.parametrize(
    ("taken_hours", "at_hour", "free_hour"),
    [
        ([], 0, 0),
        ([0], 1, 1),
        ([0, 1], 2, 24),
        ([0, 1], 24, 24),
        ([0, 5], 1, 24),
        ([5, 6], 1, 29),  # before them there is no room either: the later ones were planned first
        ([0, 5, 24, 29], 2, 48),
    ],
)
def test_any_24_hours_hold_at_most_the_platforms_number(
    taken_hours: list[int], at_hour: int, free_hour: int
) -> None:
    taken = [NOON + timedelta(hours=hour) for hour in taken_hours]
    free = next_free(2, taken, NOON + timedelta(hours=at_hour))
    assert free == NOON + timedelta(hours=free_hour)
    times = sorted([*taken, free])
    assert all(later - earlier >= DAY for earlier, later in zip(times, times[2:], strict=False))


async def test_two_who_plan_at_once_do_not_get_the_last_place_both(office: Office) -> None:
    office.practice.control.settings(quota_total=3)
    try:
        await office.settles(await office.sends("Out already"), "published")
        drafts = [await office.writes(f"Planned {number}") for number in range(4)]
        moment = clock.now() + timedelta(hours=2)
        outcomes = await asyncio.gather(
            *(
                office.publishing.schedule(user_id=office.user_id, post_id=draft, scheduled_at=moment)
                for draft in drafts
            ),
            return_exceptions=True,
        )
        refused = [outcome for outcome in outcomes if outcome is not None]
        assert len(refused) == 2
        for error in refused:
            assert isinstance(error, RuleBroken) and error.code == "quota_reached"
            assert "takes 3 posts in 24 hours" in error.detail and "Schedule this one for" in error.detail
        async with office.database.reading() as session:
            meter = await office.preflight().quotas.read(office.instagram)
            quotas = office.preflight().quotas
            said = await quotas.problem(session, office.instagram, meter, moment)
            free = await quotas.problem(session, office.instagram, meter, moment + DAY)
        assert said is not None and said.is_blocking and free is None
        with pytest.raises(RuleBroken) as now_refused:
            await office.sends("Now")
        assert now_refused.value.code == "quota_reached"
        # A day later there is room, and one that is planned may go out at once instead.
        await office.publishing.schedule(
            user_id=office.user_id,
            post_id=drafts[outcomes.index(refused[0])],
            scheduled_at=moment + DAY,
        )
        await office.publishing.publish(
            user_id=office.user_id,
            post_id=next(d for d, o in zip(drafts, outcomes, strict=True) if o is None),
        )
    finally:
        office.practice.control.settings(quota_total=50)


async def test_what_is_sent_again_needs_its_pictures_and_a_place_among_the_posts_of_the_day(
    office: Office,
) -> None:
    image = await office.image()
    account = office.accounts.instagram.id
    office.practice.control.graph_error("media", 36004, 2207010, method="POST", account_id=account)
    story = await office.settles(await office.sends("Sent again", images=[image]), "failed")

    async def again() -> None:
        # A new object each time: the platform's number is believed for a minute.
        await office.publishing.retry(user_id=office.user_id, publication_id=story.publication.id)

    async with office.database.writing() as session:
        await trash_image(session, user_id=office.user_id, image_id=image.id)
    with pytest.raises(RuleBroken) as refused:
        await again()
    assert refused.value.code == "image_in_trash" and "Restore it" in refused.value.detail
    async with office.database.writing() as session:
        await restore_image(session, user_id=office.user_id, image_id=image.id)

    office.practice.control.settings(quota_total=1)
    try:
        await office.settles(await office.sends("The only one"), "published")
        with pytest.raises(RuleBroken) as refused:
            await again()
        assert refused.value.code == "quota_reached"
        assert (await office.publication(story.publication.post_id)).publication.state == "failed"
    finally:
        office.practice.control.settings(quota_total=50)
    await again()
    await office.settles(story.publication.post_id, "published")


# --- settled by a person


async def looks_end(office: Office, post_id: int) -> None:
    """Looks come to an end without having shown anything, as those of a channel that is cut off do."""
    await office.changes(post_id, error_code="needs_a_look", next_step_at=None)


async def denies(office: Office, post_id: int) -> int:
    """A person says that an unclear publication did not go out, and sends it again. Returns its id."""
    publication_id = (await office.publication(post_id)).publication.id
    await looks_end(office, post_id)
    await office.settling.settle(
        user_id=office.user_id, publication_id=publication_id, is_published=False, permalink=None
    )
    await office.publishing.retry(user_id=office.user_id, publication_id=publication_id)
    return publication_id


@pytest.mark.parametrize("reached", [True, False], ids=["it-was-out", "it-was-not"])
@pytest.mark.parametrize("kind", ["container", "words", "photos"])
async def test_what_a_person_says_did_not_go_out_is_looked_for_before_it_is_sent_again(
    embedded_office: Office, kind: str, reached: bool
) -> None:
    office = embedded_office
    to, edge, account = (
        (office.instagram, "media_publish", office.accounts.instagram.id)
        if kind == "container"
        else (office.page, "feed", office.accounts.page.id)
    )
    images = [] if kind == "words" else [await office.image()]
    office.practice.control.fault("drop_after" if reached else "drop_before", edge=edge, account_id=account)
    post_id = await office.sends("Was it there?", to=[to], images=images)
    await office.settles(post_id, "unconfirmed")
    await denies(office, post_id)
    attempts = len(office.practice.control.calls(edge))
    story = await office.settles(post_id, "published")
    shown = office.media() if kind == "container" else office.page_posts()
    assert len(shown) == 1 and story.publication.external_id == shown[0]["id"]
    assert len(office.practice.control.calls(edge)) - attempts == (0 if reached else 1)
    if reached:
        assert codes(story)[-1] == "published" and "sent_anew" not in codes(story)
    else:
        # Only after the safe while: the call that was lost may have been under way until then.
        sent = next(event for event in story.events if event.code in ("not_sent", "sent_anew"))
        lost = next(event for event in story.events if event.code == "outcome_unclear")
        assert sent.at - lost.at >= SETTLE_AFTER


async def test_nothing_is_sent_again_while_the_platform_cannot_be_looked_at(embedded_office: Office) -> None:
    office, account = embedded_office, embedded_office.accounts.page.id
    office.practice.control.fault("drop_after", edge="feed", account_id=account)
    post_id = await office.sends("Out all the while", to=[office.page])
    await office.settles(post_id, "unconfirmed")
    office.practice.control.fault("http_500", method="GET", account_id=account, count=None)
    publication_id = await denies(office, post_id)
    story = await office.settles(post_id, "failed")
    assert story.publication.error_code == "not_looked_up"
    assert story.publication.error_detail == (
        "Facebook does not say whether this went out. Nothing was sent again. Try again later, or write a "
        "new post if it is not there."
    )
    office.practice.control.clear_faults()
    office.graph._paused_until.clear()
    await office.publishing.retry(user_id=office.user_id, publication_id=publication_id)
    await office.settles(post_id, "published")
    assert len(office.page_posts()) == 1


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("container", 100),
        ("wordless", 803),
        ("words", 368),
        ("words", 12345),
        ("photos", 100),
        ("photos", 803),
    ],
)
async def test_nothing_is_sent_again_while_the_platform_refuses_to_show_or_list(
    embedded_office: Office, kind: str, code: int
) -> None:
    office = embedded_office
    is_page = kind in ("words", "photos")
    account = (office.accounts.page if is_page else office.accounts.instagram).id
    images = [] if kind == "words" else [await office.image()]
    office.practice.control.fault(
        "drop_after", edge="feed" if is_page else "media_publish", account_id=account
    )
    edges = ("published_posts", "photo", "post") if is_page else ("container", "media")
    text = "" if kind == "wordless" else "Shown to nobody"
    post_id = await office.sends(text, to=[office.page if is_page else office.instagram], images=images)
    await office.settles(post_id, "unconfirmed")
    for edge in edges:
        office.practice.control.graph_error(edge, code, method="GET", account_id=account, count=None)
    publication_id = await denies(office, post_id)
    story = await office.settles(post_id, "failed")
    assert story.publication.error_code == "not_looked_up"
    assert "write a new post" in (story.publication.error_detail or "")
    assert len(office.page_posts() if is_page else office.media()) == 1

    # Refused once only: the next look shows it.
    office.practice.control.clear_faults()
    for edge in edges:
        office.practice.control.graph_error(edge, code, method="GET", account_id=account)
    await office.publishing.retry(user_id=office.user_id, publication_id=publication_id)
    story = await office.settles(post_id, "published")
    assert "sent_anew" not in codes(story)
    assert len(office.page_posts() if is_page else office.media()) == 1


@pytest.mark.parametrize("kind", ["container", "words"])
async def test_of_posts_of_the_same_text_only_what_is_missing_is_sent_again(
    office: Office, kind: str
) -> None:
    control, is_page = office.practice.control, kind == "words"
    account = (office.accounts.page if is_page else office.accounts.instagram).id
    edge = "feed" if is_page else "media_publish"

    async def sends(fault: str | None) -> int:
        if fault:
            control.fault(fault, edge=edge, account_id=account)
        return await office.sends(
            "Twice the same",
            to=[office.page if is_page else office.instagram],
            images=[] if is_page else [await office.image()],
        )

    def out() -> list[str]:
        return [found["id"] for found in (office.page_posts() if is_page else office.media())]

    def hides() -> None:
        if not is_page:
            control.graph_error("container", 803, method="GET", account_id=account, count=None)

    # One of ours is known to be out, the second of the same text is so without our knowing.
    await office.settles(await sends(None), "published")
    second = await sends("drop_after")
    await office.settles(second, "unconfirmed")
    hides()
    await denies(office, second)
    story = await office.settles(second, "published")
    control.clear_faults()
    assert len(out()) == 2 and story.publication.external_id == out()[1]
    assert "sent_anew" not in codes(story)

    # All that are there belong to others: the third did not go out.
    third = await sends("drop_before")
    await office.settles(third, "unconfirmed")
    await denies(office, third)
    story = await office.settles(third, "published")
    assert len(out()) == 3 and story.publication.external_id == out()[2]
    assert ("sent_anew" if is_page else "not_sent") in codes(story)

    # One of two that are both unclear is there: it may be either.
    fourth = await sends("drop_after")
    await office.settles(fourth, "unconfirmed")
    await looks_end(office, fourth)
    fifth = await sends("drop_before")
    await office.settles(fifth, "unconfirmed")
    hides()
    await denies(office, fifth)
    story = await office.settles(fifth, "failed")
    assert story.publication.error_code == "not_looked_up" and len(out()) == 4


async def test_a_container_that_expired_meanwhile_is_made_anew(embedded_office: Office) -> None:
    office = embedded_office
    office.practice.control.fault(
        "drop_before", edge="media_publish", account_id=office.accounts.instagram.id
    )
    post_id = await office.sends("A day later")
    await office.settles(post_id, "unconfirmed")
    office.practice.control.advance_clock(25 * 3600)
    try:
        await denies(office, post_id)
        story = await office.settles(post_id, "published")
    finally:
        office.practice.control.advance_clock(-25 * 3600)
    assert codes(story)[-4:] == ["looking_first", "sent_anew", "prepared", "published"]
    assert len(office.media()) == 1


async def test_a_person_settles_what_no_look_can(embedded_office: Office) -> None:
    office = embedded_office
    for outcome in ("published", "not_published"):
        office.practice.control.fault("drop_after", edge="feed", account_id=office.accounts.page.id)
        image = await office.image()
        post_id = await office.sends("", to=[office.page], images=[image])
        story = await office.settles(post_id, "unconfirmed")
        publication_id = story.publication.id
        if outcome == "not_published":
            # What a look may still show is not denied.
            with pytest.raises(Conflict) as refused:
                await office.settling.settle(
                    user_id=office.user_id, publication_id=publication_id, is_published=False, permalink=None
                )
            assert refused.value.code == "still_looking"
            await looks_end(office, post_id)
        await office.settling.settle(
            user_id=office.user_id,
            publication_id=publication_id,
            is_published=outcome == "published",
            permalink="https://www.facebook.com/1/posts/2" if outcome == "published" else None,
        )
        story = await office.publication(post_id)
        assert codes(story)[-1] == "settled_by_person"
        if outcome == "published":
            assert story.publication.permalink == "https://www.facebook.com/1/posts/2"
            assert sentences(story)[-1] == "Ada has looked: this is out."
            assert (await office.seen(image)).usage_count == 1
        else:
            assert story.publication.state == PublicationState.FAILED.value
            assert story.publication.error_code == "not_published"
            # It was there after all, and is not sent a second time.
            await office.publishing.retry(user_id=office.user_id, publication_id=publication_id)
            story = await office.settles(post_id, "published")
            assert codes(story)[-3:] == ["settled_by_person", "looking_first", "published"]
            assert sentences(story)[-2:] == [
                "Looking at Facebook once more before it is sent again.",
                "Facebook shows that it is out already. Nothing was sent again.",
            ]
            assert (await office.seen(image)).usage_count == 1
            assert len(office.page_posts()) == 2
        with pytest.raises(Conflict):
            await office.settling.settle(
                user_id=office.user_id, publication_id=publication_id, is_published=True, permalink=None
            )

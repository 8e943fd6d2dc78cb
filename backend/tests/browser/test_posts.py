"""The list of posts: what went out, what did not and why, and what a person can do about it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import OpenMember
from tests.browser.member import composer, fills_library
from tests.browser.screen import gallery
from tests.person import Person
from tests.practice_server import PracticeControl, poll


def card(page: Page, text: str) -> Locator:
    """The post with this text."""
    return page.get_by_role("article").filter(has_text=text)


def refuses_pictures(practice: PracticeControl, account: str) -> None:
    """The platform does not take the next picture of this account."""
    practice.graph_error("media", 36001, 2207005, method="POST", account_id=account)


def loses_the_answer(practice: PracticeControl, person: Person, post_id: int) -> None:
    """Publish, and let the answer get lost; the platform tells nothing afterwards."""
    account = person.channel()["external_id"]
    practice.fault("hold_before", edge="media_publish", method="POST", account_id=account)
    practice.fault("drop_after", edge="media_publish", method="POST", account_id=account)
    person.sends(post_id)
    hold = practice.wait_for_hold("media_publish")
    practice.fault("http_500", method="GET", account_id=account, count=None)
    practice.release(hold["id"])
    person.waits_for(post_id, "unconfirmed")


def test_every_state_stands_in_the_list_with_its_next_step(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member()).page, member.person
    account = person.channel()["external_id"]
    harbour, beans, forest = fills_library(person, "harbour.jpg", "coffee-beans.jpg", "pine-forest.jpg")
    person.sends(out := person.writes("Out there", image_ids=[harbour], platforms=("instagram", "facebook")))
    person.waits_for(out, "published")
    refuses_pictures(practice, account)
    person.sends(refused := person.writes("Refused at the door", image_ids=[beans]))
    person.waits_for(refused, "failed")
    person.writes("Not finished yet", image_ids=[forest])
    loses_the_answer(practice, person, person.writes("Nobody knows", image_ids=[forest]))

    page.goto("/dashboard/posts")
    published = card(page, "Out there")
    expect(published.get_by_text("Published", exact=True)).to_have_count(2)
    expect(published.get_by_role("link", name="See it on Practice Instagram")).to_have_attribute(
        "href", re.compile("/practice/instagram/p/")
    )
    expect(published.get_by_role("link", name="See it on the Practice Page")).to_be_visible()
    failed = card(page, "Refused at the door")
    expect(failed.get_by_text("Failed", exact=True)).to_be_visible()
    expect(failed).to_contain_text("Instagram takes JPEG pictures only. Choose another picture.")
    expect(failed.get_by_role("button", name="Try again")).to_be_visible()
    unclear = card(page, "Nobody knows")
    expect(unclear.get_by_text("Needs a look", exact=True)).to_be_visible()
    expect(unclear.get_by_role("button", name="Look again")).to_be_visible()
    expect(card(page, "Not finished yet").get_by_role("button", name="Edit draft")).to_be_visible()
    gallery(page, "posts")

    failed.get_by_role("button", name=re.compile("^History")).click()
    expect(failed.get_by_text("Publishing.", exact=True)).to_be_visible()
    gallery(page, "posts-history")

    states = page.get_by_role("group", name="Show")
    for name, text in {
        "Drafts": "Not finished yet",
        "Failed": "Refused at the door",
        "Needs a look": "Nobody knows",
        "Published": "Out there",
    }.items():
        states.get_by_role("radio", name=name).check()
        expect(page.get_by_role("article")).to_have_count(1)
        expect(page.get_by_role("article")).to_contain_text(text)
    # Where nothing is scheduled the choice is not offered; an address that names it is answered.
    expect(states.get_by_role("radio", name="Scheduled")).to_have_count(0)
    page.goto("/dashboard/posts?state=scheduled")
    expect(page.get_by_text("Nothing is scheduled")).to_be_visible()
    gallery(page, "posts-none-of-a-kind")

    # Home puts first what needs a person.
    page.get_by_role("link", name="Home", exact=True).click()
    rows = page.get_by_role("region", name="Going out").get_by_role("listitem")
    expect(rows.nth(0)).to_contain_text("Nobody knows")
    expect(rows.nth(1)).to_contain_text("Refused at the door")
    gallery(page, "home-trouble")

    # Each leads to the post itself, under an address of its own, with everything that happened.
    rows.nth(1).get_by_role("link").click()
    expect(page).to_have_url(re.compile(rf"/dashboard/posts/{refused}$"))
    steps = page.get_by_role("list", name=re.compile("^Steps to "))
    expect(steps.get_by_role("listitem").filter(has_text="failed")).to_have_count(1)
    gallery(page, "post-failed")
    page.go_back()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    page.goto(f"/dashboard/posts/{out}")
    expect(page.get_by_role("list", name=re.compile("^Steps to "))).to_have_count(2)
    gallery(page, "post-published")
    page.get_by_role("link", name="All posts").click()
    card(page, "Refused at the door").get_by_role("link", name="Refused at the door").click()
    expect(page).to_have_url(re.compile(rf"/dashboard/posts/{refused}$"))
    page.goto("/dashboard/posts/999999999")
    expect(page.get_by_text("This post is not here")).to_be_visible()
    page.goto("/dashboard/posts/yesterday")
    expect(page.get_by_text("This post is not here")).to_be_visible()
    gallery(page, "post-unknown")


def test_a_failed_post_goes_out_when_it_is_tried_again(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member()).page, member.person
    account = person.channel()["external_id"]
    (image_id,) = fills_library(person, "harbour.jpg")
    post_id = person.writes("Second time lucky", image_ids=[image_id])
    refuses_pictures(practice, account)
    page.goto(f"/dashboard/posts?compose={post_id}")
    composer(page).get_by_role("button", name="Publish to Practice Instagram").click()
    told = page.get_by_role("dialog", name="Not published")
    expect(told.get_by_text("It did not go out to Practice Instagram.")).to_be_visible()
    expect(told.get_by_text("Instagram takes JPEG pictures only.").first).to_be_visible()
    gallery(page, "composer-failed")
    told.get_by_role("button", name="Done").click()
    card(page, "Second time lucky").get_by_role("button", name="Try again").click()
    expect(card(page, "Second time lucky").get_by_text("Published", exact=True)).to_be_visible()
    assert len(practice.media(caption="Second time lucky")) == 1


def test_an_unclear_post_is_looked_up_and_never_sent_twice(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member()).page, member.person
    (image_id,) = fills_library(person, "harbour.jpg")
    post_id = person.writes("Is it out?", image_ids=[image_id])
    loses_the_answer(practice, person, post_id)
    page.goto(f"/dashboard/posts?compose={post_id}")
    told = page.get_by_role("dialog", name="Needs a look")
    expect(told.get_by_text("It is not clear yet whether it is on Practice Instagram.")).to_be_visible()
    gallery(page, "composer-unconfirmed")
    practice.clear_faults()
    told.get_by_role("button", name="Look again").click()
    expect(page.get_by_text("Your post is on Practice Instagram.")).to_be_visible()
    assert len(practice.media(caption="Is it out?")) == 1


def test_a_person_settles_what_no_look_can_tell(new_member: OpenMember, practice: PracticeControl) -> None:
    page, person = (member := new_member()).page, member.person
    (image_id,) = fills_library(person, "harbour.jpg")
    loses_the_answer(practice, person, post_id := person.writes("I saw it myself", image_ids=[image_id]))
    page.goto(f"/dashboard/posts/{post_id}")
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_role("status").filter(has_text="Practice Instagram does not answer.")).to_be_visible()
    gallery(page, "post-looked")
    page.get_by_role("button", name="I looked myself").click()
    question = page.get_by_role("dialog", name="Is it on Practice Instagram?")
    account = person.channel()
    there = question.get_by_role("link", name=f"Look at {account['name']} on Practice Instagram")
    expect(there).to_have_attribute("href", account["account_url"])
    with page.expect_popup() as opened:
        there.click()
    expect(opened.value).to_have_url(re.compile(f"/practice/instagram/{re.escape(account['name'])}$"))
    opened.value.close()
    expect(question.get_by_role("button", name="It is not there")).to_be_disabled()
    expect(question.get_by_text("We still look there by ourselves, as it may appear yet.")).to_be_visible()
    link = question.get_by_label("Link to the post")
    link.fill("https://example.com/p/seen")
    question.get_by_role("button", name="It is there").click()
    expect(question.get_by_text("Give the post's own address on Practice Instagram.")).to_be_visible()
    gallery(page, "post-settle")
    (medium,) = practice.media(caption="I saw it myself")
    link.fill(medium["permalink"])
    question.get_by_role("button", name="It is there").click()
    expect(question).to_have_count(0)
    expect(page.get_by_text("Published", exact=True).first).to_be_visible()
    expect(page.get_by_role("link", name="See it on Practice Instagram")).to_have_attribute(
        "href", medium["permalink"]
    )
    # What was sent is shown whole, and not the square crop of the library.
    sent = page.get_by_role("list", name=f"Sent to {account['name']}, Practice Instagram")
    expect(sent.get_by_role("link")).to_have_attribute("href", re.compile("/instagram-feed"))
    expect(sent.get_by_role("img")).to_have_js_property("complete", True)
    gallery(page, "post-sent")
    assert sent.get_by_role("img").evaluate("it => it.naturalWidth") == int(
        sent.get_by_role("img").get_attribute("width") or 0
    )
    assert person.post(post_id)["state"] == "published"


def test_an_account_that_is_asked_to_stay_away_is_told_where_posts_wait(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member()).page, member.person
    account = person.channel()["external_id"]
    usage = '{"1":[{"type":"instagram","estimated_time_to_regain_access":30}]}'
    practice.graph_error(
        "media",
        80002,
        method="POST",
        account_id=account,
        headers={"X-Business-Use-Case-Usage": usage},
    )
    (harbour,) = fills_library(person, "harbour.jpg")
    person.sends(person.writes("A little later", image_ids=[harbour]))
    poll(
        lambda: (
            person.client.get("/publications/incidents", params={"business_id": person.business_id}).json()[
                "incidents"
            ]
            or None
        ),
        what="the pause",
    )
    for place in ("/dashboard/posts", "/dashboard"):
        page.goto(place)
        told = page.get_by_role("status").filter(has_text="Posts wait:")
        expect(told).to_contain_text("Practice Instagram")
        expect(told).to_contain_text("Posts go out by themselves afterwards.")
    page.goto("/dashboard/posts")
    expect(page.get_by_role("status").filter(has_text="Posts wait:")).to_be_visible()
    held = card(page, "A little later")
    expect(held.get_by_text("Held back", exact=True)).to_be_visible()
    expect(held.get_by_text("Publishing", exact=True)).to_have_count(0)
    gallery(page, "posts-held")


def test_a_channel_that_is_no_longer_connected_says_so_where_it_matters(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member()).page, member.person
    account = person.channel()["external_id"]
    (image_id,) = fills_library(person, "harbour.jpg")
    planned_id = person.writes("Planned for later", image_ids=[image_id])
    moment = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    answer = person.client.post(f"/posts/{planned_id}/schedule", json={"scheduled_at": moment})
    assert answer.status_code == 200, answer.text
    practice.change_account(account, token_subcode=460)
    person.sends(post_id := person.writes("Locked out", image_ids=[image_id]))
    person.waits_for(post_id, "failed")
    page.goto("/dashboard")
    channels = page.get_by_role("region", name="Channels")
    expect(channels.get_by_text("Connect again", exact=True)).to_be_visible()
    expect(channels).to_contain_text("Waiting: “Planned for later”.")
    going_out = page.get_by_role("region", name="Going out")
    expect(going_out).to_contain_text(re.compile(r"· Nothing goes out on .+ now\. Meta no longer accepts"))
    gallery(page, "home-disconnected")
    page.goto(f"/dashboard/posts/{planned_id}")
    expect(page.get_by_text("This will not go out as it is.")).to_be_visible()
    expect(page.get_by_role("link", name="See the channel")).to_be_visible()
    gallery(page, "post-disconnected")
    page.goto(f"/dashboard?compose=new&with=%5B{image_id}%5D")
    modal = composer(page)
    modal.get_by_role("checkbox", name=re.compile(", Practice Instagram$")).check()
    expect(modal.get_by_text(re.compile("Nothing goes out on .+ now."))).to_be_visible()
    expect(modal.get_by_text(re.compile("Meta no longer accepts this connection."))).to_be_visible()
    expect(modal.get_by_role("button", name=re.compile("^Publish to"))).to_be_disabled()
    gallery(page, "composer-disconnected")


def test_a_post_is_copied_to_a_new_draft_and_taken_off_the_list(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    (image_id,) = fills_library(person, "harbour.jpg")
    person.sends(post_id := person.writes("Again and again", image_ids=[image_id]))
    person.waits_for(post_id, "published")
    page.goto("/dashboard/posts")
    more = page.get_by_role("button", name="More for Again and again")
    more.click()
    gallery(page, "posts-menu", within="[role=menu]")
    page.get_by_role("menuitem", name="Copy to a new draft").click()
    expect(composer(page).get_by_label("Text", exact=True)).to_have_value("Again and again")
    page.keyboard.press("Escape")
    expect(page.get_by_role("article")).to_have_count(2)
    out = page.get_by_role("article").filter(has_text="Published")
    out.get_by_role("button", name="More for Again and again").click()
    page.get_by_role("menuitem", name="Take off this list").click()
    question = page.get_by_role("dialog").or_(page.get_by_role("alertdialog"))
    expect(question).to_contain_text("It stays published on Practice Instagram.")
    question.get_by_role("button", name="Take off the list").click()
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("article").get_by_text("Draft", exact=True)).to_be_visible()


def test_posts_that_are_loading_absent_or_unreachable_say_so(new_member: OpenMember) -> None:
    page, person = (member := new_member(trouble=True)).page, member.person
    held: list[Route] = []
    page.route("**/api/v1/posts?**", lambda route: held.append(route))
    page.goto("/dashboard/posts")
    expect(page.get_by_text("Loading posts")).to_be_visible()
    gallery(page, "posts-loading")
    problem = {"code": "internal_error", "detail": "This did not work. Try again in a moment."}
    page.route("**/api/v1/posts?**", lambda route: route.fulfill(status=500, json=problem))
    for route in held:
        route.fulfill(status=500, json=problem)
    expect(page.get_by_text("Your posts could not be loaded")).to_be_visible()
    gallery(page, "posts-error")
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("No posts yet")).to_be_visible()
    gallery(page, "posts-empty")

    # What is written elsewhere shows when the page is looked at again.
    person.writes("From the phone", image_ids=[])
    page.reload()
    expect(card(page, "From the phone")).to_be_visible()


def test_a_long_list_goes_on_as_it_is_scrolled(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    for number in range(55):
        person.writes(f"Draft number {number}", image_ids=[])
    page.goto("/dashboard/posts")
    expect(page.get_by_role("article").first).to_contain_text("Draft number 54")
    last = card(page, "Draft number 0")

    def scrolled_to_the_end() -> bool | None:
        page.keyboard.press("End")
        return True if last.count() else None

    poll(scrolled_to_the_end, what="the first draft")
    expect(page.get_by_role("article")).to_have_count(55)

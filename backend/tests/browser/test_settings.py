"""Settings: the business, its people, its channels, its storage; for those who manage and those who look."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import OpenMember
from tests.browser.member import PASSWORD, Member, fills_library
from tests.browser.screen import gallery, shot
from tests.browser.test_screens import expect_no_sideways_scrolling
from tests.practice_server import PracticeControl

TROUBLE = {"code": "internal_error", "detail": "This did not work. Try again in a moment."}


def section(page: Page, name: str) -> Locator:
    """One part of the settings."""
    return page.get_by_role("region", name=name, exact=True)


def email_of(member: Member) -> str:
    """The address that somebody signed up with."""
    return str(member.person.client.get("/auth/me").json()["user"]["email"])


def takes_in(owner: Member, guest: Member, role: str) -> None:
    """The owner makes somebody a member."""
    owner.person.client.post(
        f"/businesses/{owner.person.business_id}/members", json={"email": email_of(guest), "role": role}
    ).raise_for_status()


def signs_in(member: Member, password: str) -> httpx.Client:
    """The same person in another place."""
    answer = member.person.client.post("/auth/login", json={"email": email_of(member), "password": password})
    assert answer.status_code == 200, answer.text
    return member.person.with_key(answer.json()["access_token"])


def switches_to(page: Page, name: str) -> None:
    """Look at another business of one's own."""
    page.get_by_role("button", name="Second Cup").first.click()
    page.get_by_role("menuitemradio", name=name).click()


def test_settings_are_reached_from_the_rail_and_from_the_menu_of_a_phone(new_member: OpenMember) -> None:
    page = new_member().page
    page.goto("/dashboard")
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="Settings")).to_have_attribute("aria-current", "page")
    expect(section(page, "Channels").get_by_role("listitem")).to_have_count(2)
    expect(section(page, "Storage")).to_contain_text("In use")
    gallery(page, "settings")
    shot(page, "settings-whole-wide-light", whole=True)
    for width in (360, 390, 768, 1024):
        page.set_viewport_size({"width": width, "height": 800})
        expect_no_sideways_scrolling(page)
        shot(page, f"settings-whole-{width}-light", whole=True)
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto("/dashboard/posts")
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("menuitem", name="Settings").click()
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()


def test_another_business_is_made_and_ones_own_name_and_password_are_changed(
    new_member: OpenMember,
) -> None:
    page = (member := new_member()).page
    page.goto("/dashboard/images")
    page.get_by_role("button", name="Harbour Coffee").first.click()
    page.get_by_role("menuitem", name="New business…").click()
    dialog = page.get_by_role("dialog", name="New business")
    expect(dialog.get_by_label("Name")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("A business needs a name.")
    page.keyboard.type("Zweite Bäckerei")
    dialog.get_by_label("Time zone").select_option("Europe/Berlin")
    gallery(page, "new-business")
    dialog.get_by_label("Name").press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Zweite Bäckerei").first).to_contain_text("Europe/Berlin")
    expect(page.get_by_role("heading", name="Add your first pictures")).to_be_visible()

    page.goto("/dashboard/settings#account")
    account = section(page, "Your account")
    account.get_by_label("Your name").fill("Ada Byron")
    account.get_by_role("button", name="Save your name").click()
    expect(account.get_by_text("Saved")).to_be_visible()
    expect(section(page, "People")).to_contain_text("Ada Byron")
    current, new = account.get_by_label("Current password"), account.get_by_label("New password")
    current.fill("not this one")
    new.fill("another long one")
    new.press("Enter")
    expect(account).to_contain_text("This is not your password.")
    current.fill(PASSWORD)
    elsewhere = signs_in(member, PASSWORD)
    new.press("Enter")
    expect(account.get_by_role("status").filter(has_text="Changed.")).to_contain_text("1 other place")
    gallery(page, "settings-account")
    with elsewhere, signs_in(member, "another long one") as again:
        assert elsewhere.get("/auth/me").status_code == 401
        assert again.get("/auth/me").json()["user"]["name"] == "Ada Byron"


def test_name_and_time_zone_are_changed_and_shown_at_once(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    page.goto("/dashboard/settings")
    business = section(page, "Business")
    save = business.get_by_role("button", name="Save")
    expect(save).to_be_disabled()
    business.get_by_label("Name").fill("   ")
    expect(business).to_contain_text("A business needs a name.")
    expect(save).to_be_disabled()
    business.get_by_label("Name").fill("Harbour Coffee & Cake")
    business.get_by_label("Time zone").select_option("America/New_York")
    save.click()
    expect(business.get_by_text("Saved")).to_be_visible()
    switcher = page.get_by_role("button", name="Harbour Coffee & Cake")
    expect(switcher).to_contain_text("America/New_York")
    kept = person.client.get(f"/businesses/{person.business_id}").json()
    assert (kept["name"], kept["timezone"]) == ("Harbour Coffee & Cake", "America/New_York")
    page.reload()
    expect(business.get_by_label("Name")).to_have_value("Harbour Coffee & Cake")


def test_people_are_taken_in_given_another_role_and_let_go(new_member: OpenMember) -> None:
    owner, guest = new_member(), new_member("Second Cup")
    page = owner.page
    page.goto("/dashboard/settings")
    people = section(page, "People")
    expect(people.get_by_role("listitem")).to_have_count(1)
    people.get_by_role("button", name="Add a person").click()
    dialog = page.get_by_role("dialog", name="Add a person")
    gallery(page, "settings-add-person")
    add = dialog.get_by_role("button", name="Add to Harbour Coffee")
    add.click()
    expect(dialog).to_contain_text("Enter the e-mail that the person signed up with.")
    dialog.get_by_label("E-mail").fill("nobody@example.com")
    add.click()
    expect(dialog).to_contain_text("Nobody has signed up with this e-mail.")
    dialog.get_by_label("E-mail").fill(email_of(guest))
    dialog.get_by_label("Role").select_option("viewer")
    add.click()
    expect(dialog).to_have_count(0)
    row = people.get_by_role("listitem").filter(has_text=email_of(guest))
    role = row.get_by_role("combobox")
    expect(role).to_have_value("viewer")
    role.select_option("editor")

    guest.page.goto("/dashboard/settings")
    switches_to(guest.page, "Harbour Coffee")
    expect(section(guest.page, "People").get_by_role("listitem")).to_have_count(2)
    expect(section(guest.page, "People").get_by_role("combobox")).to_have_count(0)

    # The last owner cannot step down, and is told why.
    mine = people.get_by_role("listitem").filter(has_text="you").get_by_role("combobox")
    mine.select_option("viewer")
    expect(people.get_by_role("alert")).to_contain_text("A business needs an owner.")
    gallery(page, "settings-last-owner")
    row.get_by_role("button", name=re.compile("^Remove")).click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(people.get_by_role("listitem")).to_have_count(1)


def test_whoever_leaves_a_business_goes_on_in_another(new_member: OpenMember) -> None:
    owner, guest = new_member(), new_member("Second Cup")
    takes_in(owner, guest, "admin")
    page = guest.page
    page.goto("/dashboard/settings")
    switches_to(page, "Harbour Coffee")
    people = section(page, "People")
    # An admin manages people, but owners are only for owners.
    row = people.get_by_role("listitem").filter(has_text=email_of(owner))
    expect(row.get_by_role("combobox")).to_have_count(0)
    options = people.get_by_role("combobox").locator("option")
    expect(options).to_have_text(["Admin", "Editor", "Viewer"])
    people.get_by_role("button", name="Leave Harbour Coffee").click()
    page.get_by_role("dialog").get_by_role("button", name="Leave", exact=True).click()
    expect(page.get_by_role("button", name="Second Cup").first).to_be_visible()
    expect(people.get_by_role("listitem")).to_have_count(1)
    expect(people.get_by_role("button", name=re.compile("^Leave"))).to_have_count(0)


def test_viewers_and_editors_see_what_is_set_and_can_change_nothing(new_member: OpenMember) -> None:
    owner, guest = new_member(), new_member("Second Cup")
    takes_in(owner, guest, "editor")
    fills_library(owner.person, "harbour.jpg")
    page = guest.page
    page.goto("/dashboard/settings")
    switches_to(page, "Harbour Coffee")
    expect(section(page, "Business")).to_contain_text("Europe/Berlin")
    expect(section(page, "Storage")).to_contain_text("in 1 image")
    expect(section(page, "Channels").get_by_role("listitem")).to_have_count(2)
    main = page.get_by_role("main")
    leave = main.get_by_role("button", name="Leave Harbour Coffee")
    months = main.get_by_role("button", name=re.compile("^Month (before|after)$"))
    expect(months).to_have_count(2)
    # What is one's own is nobody else's to decide.
    own = section(page, "Your account")
    expect(own.get_by_label("Your name")).to_be_visible()
    own_fields, own_buttons = (own.get_by_role(role).count() for role in ("textbox", "button"))
    expect(main.get_by_role("button").filter(visible=True)).to_have_count(5 + own_buttons)
    expect(leave.or_(main.get_by_role("button", name="New post")).first).to_be_visible()
    expect(main.get_by_role("textbox")).to_have_count(own_fields)
    gallery(page, "settings-editor")


def test_a_channel_is_let_go_and_connected_again_with_its_token(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member()).page, member.person
    channel = person.channel("facebook")
    (image_id,) = fills_library(person, "harbour.jpg")
    post_id = person.writes("Winter hours", image_ids=[image_id], platforms=("facebook",))
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    person.client.post(f"/posts/{post_id}/schedule", json={"scheduled_at": tomorrow}).raise_for_status()
    page.goto("/dashboard/settings")
    channels = section(page, "Channels")
    row = channels.get_by_role("listitem").filter(has_text="Practice Page")
    row.get_by_role("button", name=re.compile("^Disconnect")).click()
    page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    expect(row.get_by_role("alert")).to_contain_text("“Winter hours”")
    gallery(page, "settings-channel-in-use")
    row.get_by_role("alert").get_by_role("link", name="“Winter hours”").click()
    page.get_by_role("button", name="Back to draft").click()
    expect(page.get_by_role("button", name="Edit draft").first).to_be_visible()
    page.goto("/dashboard/settings")
    row.get_by_role("button", name=re.compile("^Disconnect")).click()
    page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    expect(channels.get_by_role("listitem")).to_have_count(1)
    shot(page, "settings-one-channel-wide-light")

    channels.get_by_role("button", name="Connect with a token").click()
    dialog = page.get_by_role("dialog", name="Connect a channel")
    dialog.get_by_role("radio", name="Facebook", exact=True).check()
    connect = dialog.get_by_role("button", name="Check and connect")
    connect.click()
    expect(dialog).to_contain_text("Enter the id of the account.")
    expect(dialog).to_contain_text("Paste the token.")
    gallery(page, "settings-connect")
    dialog.get_by_label("Page id").fill(channel["external_id"])
    dialog.get_by_label("Access token").fill("not the token")
    connect.click()
    expect(dialog).to_contain_text("Meta does not accept this token.")
    expect(dialog.get_by_label("Access token")).to_have_attribute("aria-invalid", "true")
    gallery(page, "settings-connect-refused")
    account = practice.accounts(reference=f"business-{person.business_id}").page
    assert account.id == channel["external_id"]
    dialog.get_by_label("Access token").fill(account.access_token)
    connect.click()
    expect(dialog).to_have_count(0)
    expect(channels.get_by_role("listitem")).to_have_count(2)


def test_each_part_that_is_loading_or_does_not_answer_says_so(new_member: OpenMember) -> None:
    page = new_member(trouble=True).page
    held: list[Route] = []
    apis = re.compile(r"/api/v1/(businesses/\d+/members|images/totals|channels)")
    page.route(apis, lambda route: held.append(route))
    page.goto("/dashboard/settings")
    expect(page.get_by_text("Loading people")).to_be_visible()
    gallery(page, "settings-loading")
    page.route(apis, lambda route: route.fulfill(status=500, json=TROUBLE))
    for route in held:
        route.fulfill(status=500, json=TROUBLE)
    for words in ("The people", "The channels"):
        expect(page.get_by_text(f"{words} could not be loaded")).to_be_visible()
    expect(page.get_by_text("The storage could not be looked at")).to_be_visible()
    gallery(page, "settings-error")
    page.unroute_all()
    for name in ("People", "Channels", "Storage"):
        section(page, name).get_by_role("button", name="Try again").click()
    expect(section(page, "People").get_by_role("listitem")).to_have_count(1)
    expect(section(page, "Storage")).to_contain_text("In use")


def test_the_storage_is_checked_and_each_finding_says_what_to_change(new_member: OpenMember) -> None:
    page = new_member().page
    page.goto("/dashboard/settings")
    storage = section(page, "Storage")
    expect(storage).to_contain_text("A folder on the server")
    held: list[Route] = []
    page.route("**/api/v1/storage/check?**", lambda route: held.append(route))
    storage.get_by_role("button", name="Check the storage").click()
    expect(storage.get_by_role("progressbar", name="Checking the storage")).to_be_visible()
    storage.scroll_into_view_if_needed()
    gallery(page, "settings-storage-checking")
    held.pop().continue_()
    findings = storage.get_by_role("list", name="What was checked").get_by_role("listitem")
    expect(findings.first).to_contain_text("Works")
    storage.scroll_into_view_if_needed()
    gallery(page, "settings-storage-checked")

    # As a bucket with a mistake answers, with all that can be there.
    def misconfigured(route: Route) -> None:
        route.fulfill(json=MISCONFIGURED)

    page.route("**/api/v1/storage/check?**", misconfigured)
    storage.get_by_role("button", name="Check it again").click()
    expect(storage.get_by_text("1 thing does not work.")).to_be_visible()
    expect(findings).to_have_count(4)
    expect(findings.nth(1)).to_contain_text("To change: Paste the CORS rules below")
    # What works needs no change, whatever it may say.
    expect(findings.first).not_to_contain_text("To change")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    storage.get_by_text("CORS rules of the bucket").click()
    storage.scroll_into_view_if_needed()
    gallery(page, "settings-storage-failed")
    shot(page, "settings-storage-failed-whole-wide-light", whole=True)
    storage.get_by_role("button", name="Copy").click()
    assert page.evaluate("navigator.clipboard.readText()") == MISCONFIGURED["documents"][0]["content"]


MISCONFIGURED: dict[str, Any] = {
    "provider": "s3",
    "is_ok": False,
    "checks": [
        {"name": "write", "title": "Objects can be written", "state": "ok", "detail": "", "fix": ""},
        {
            "name": "cors",
            "title": "Pages may send files to the bucket",
            "state": "failed",
            "detail": "The bucket answers http://localhost:8000 without Access-Control-Allow-Origin.",
            "fix": "Paste the CORS rules below into the bucket's permissions.",
        },
        {
            "name": "clock",
            "title": "The clocks agree",
            "state": "warning",
            "detail": "This server is 40 seconds behind the store.",
            "fix": "Set the clock of this server by NTP.",
        },
        {
            "name": "public",
            "title": "The world can fetch pictures",
            "state": "skipped",
            "detail": "AWS_S3_PUBLIC_URL is not set.",
            "fix": "",
        },
    ],
    "documents": [
        {
            "title": "CORS rules of the bucket",
            "content": '[\n  {\n    "AllowedOrigins": ["http://localhost:8000"]\n  }\n]',
        }
    ],
}

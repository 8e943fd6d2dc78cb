"""API keys in the settings: made by the keyboard, shown once, used by a program, revoked."""

from __future__ import annotations

import httpx
from playwright.sync_api import expect

from tests.browser.conftest import OpenMember
from tests.browser.screen import gallery
from tests.browser.test_settings import TROUBLE, section
from tests.person import NO_TLS


def test_a_key_is_made_by_keyboard_shown_once_used_and_revoked(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/dashboard/settings#api-keys")
    keys = section(page, "API keys")
    expect(keys).to_contain_text("No key yet.")
    expect(keys).to_contain_text(f"/api/v1/images/list?business_id={person.business_id}")
    gallery(page, "settings-api-keys-none")
    keys.get_by_role("button", name="Make an API key").focus()
    page.keyboard.press("Enter")
    asking = page.get_by_role("dialog", name="Make an API key")
    expect(asking.get_by_label("What it is for")).to_be_focused()
    page.keyboard.press("Enter")
    expect(asking).to_contain_text("Say what the key is for")
    page.keyboard.type("Nightly import")
    asking.get_by_label("Role").select_option("viewer")
    expect(asking).to_contain_text("This role looks at everything and changes nothing.")
    asking.get_by_label("Role").select_option("editor")
    gallery(page, "settings-api-key-make")
    asking.get_by_label("What it is for").press("Enter")

    shown = page.get_by_role("dialog", name="Keep this key now")
    copy = shown.get_by_role("button", name="Copy")
    expect(copy).to_be_focused()
    page.keyboard.press("Enter")
    expect(shown.get_by_role("button", name="Copied")).to_be_visible()
    secret = str(page.evaluate("navigator.clipboard.readText()"))
    assert secret == shown.get_by_label("Secret").input_value() and secret.startswith("agk_")
    gallery(page, "settings-api-key-shown")
    # A press beside it does not take away what is shown only once.
    page.mouse.click(5, 5)
    shown.get_by_role("button", name="I have kept it").press("Enter")
    expect(shown).to_have_count(0)
    row = keys.get_by_role("listitem")
    expect(row).to_contain_text("Nightly import")
    expect(row).to_contain_text("Editor · made by you today at")
    expect(row).to_contain_text("Never used · expires")
    expect(page.get_by_text(secret)).to_have_count(0)

    with httpx.Client(
        base_url=person.client.base_url,
        headers={"Authorization": f"Bearer {secret}"},
        trust_env=False,
        verify=NO_TLS,
    ) as program:
        listed = program.get("/images/list", params={"business_id": person.business_id})
        assert listed.status_code == 200
        person.makes_key("viewer", expires_at="2099-01-01T00:00:00Z")
        page.reload()
        row = keys.get_by_role("listitem").filter(has_text="Nightly import")
        expect(row).to_contain_text("Last used today at")
        gallery(page, "settings-api-keys")
        row.get_by_role("button", name="Revoke Nightly import").press("Enter")
        asked = page.get_by_role("dialog", name="Revoke Nightly import?")
        expect(asked).to_contain_text("refused from its next request on")
        expect(asked.get_by_role("button", name="Cancel")).to_be_focused()
        gallery(page, "settings-api-key-revoke")
        asked.get_by_role("button", name="Revoke").press("Enter")
        expect(keys.get_by_role("listitem")).to_have_count(1)
        # Its row is gone, and the keyboard is where it was.
        expect(keys).to_be_focused()
        assert program.get("/auth/me").json()["code"] == "api_key_invalid"


def test_keys_that_cannot_be_told_or_made_say_so(new_member: OpenMember) -> None:
    page = new_member(trouble=True).page
    page.route("**/api/v1/api-keys*", lambda route: route.fulfill(status=500, json=TROUBLE))
    page.goto("/dashboard/settings#api-keys")
    keys = section(page, "API keys")
    expect(keys).to_contain_text("The API keys could not be loaded")
    keys.get_by_role("button", name="Make an API key").click()
    dialog = page.get_by_role("dialog", name="Make an API key")
    dialog.get_by_label("What it is for").fill("Nightly import")
    dialog.get_by_role("button", name="Make the key").click()
    expect(dialog.get_by_role("alert")).to_contain_text(TROUBLE["detail"])
    page.unroute_all()
    dialog.get_by_role("button", name="Make the key").click()
    page.get_by_role("dialog", name="Keep this key now").get_by_role("button", name="I have kept it").click()
    expect(keys.get_by_role("listitem")).to_have_count(1)

"""What AI images cost: the ledger in Settings, the limit, the models, the styles, and the card of Home."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from playwright.sync_api import Page, expect

from practice.desk import REFUSED_WORD
from tests.browser.conftest import OpenMember
from tests.browser.screen import axe, gallery, shot
from tests.browser.test_generator import asks_for, opens_generator
from tests.browser.test_screens import expect_no_sideways_scrolling
from tests.browser.test_settings import TROUBLE, section, takes_in
from tests.person import Person

COSTS = {"price_usd": "0.10", "provider_usd": "0.0531"}


def paints(person: Person, *prompts: str, business_id: int | None = None) -> None:
    """Have these painted, one after the other."""
    for prompt in prompts:
        person.client.post(
            "/images/generate",
            json={"business_id": business_id or person.business_id, "prompt": prompt, "size": "1024x1024"},
        )


def test_spending_is_shown_limited_and_taken_away_as_a_file(new_member: OpenMember) -> None:
    owner, colleague = new_member(), new_member("Second Cup")
    page, person = owner.page, owner.person
    page.goto("/dashboard")
    card = page.get_by_role("region", name="AI spending this month")
    expect(card).to_contain_text("No image yet. 3 images a month are free.")
    page.goto("/dashboard/settings")
    spending = section(page, "AI and spending")
    expect(spending).to_contain_text("No image was made with AI in this month")

    takes_in(owner, colleague, "editor")
    paints(person, "A harbour at dawn", "A harbour at noon", f"A storm, {REFUSED_WORD}")
    paints(colleague.person, "A harbour at dusk", "=HYPERLINK(1)", business_id=person.business_id)
    page.reload()
    expect(spending.get_by_role("row")).to_have_count(6)
    expect(spending).to_contain_text("0 of 3 left")
    expect(spending.get_by_role("row", name=re.compile("A storm"))).to_contain_text("nothing")
    expect(spending.get_by_role("row", name=re.compile("HYPERLINK"))).to_contain_text("$0.10 practice")
    expect(spending.get_by_text("practice money", exact=True)).to_be_visible()
    spending.get_by_text("Days as a table").click()
    expect(spending.get_by_role("table", name="Images by day").get_by_role("row")).to_have_count(2)

    # Only an owner sets the limit; it counts at once.
    limit = spending.get_by_label("Monthly limit in USD")
    limit.fill("a lot")
    spending.get_by_role("button", name="Set the limit").click()
    expect(spending).to_contain_text("Write an amount such as 25 or 12.50")
    limit.fill("0.15")
    spending.get_by_role("button", name="Set the limit").click()
    expect(spending).to_contain_text("$0.05 practice left")
    expect(spending).to_contain_text("$0.15 practice a month")
    expect(spending).to_contain_text("What counts now is practice money, which nobody bills.")
    spending.scroll_into_view_if_needed()
    gallery(page, "settings-spending")
    shot(page, "settings-spending-whole", whole=True)
    for width in (360, 768):
        page.set_viewport_size({"width": width, "height": 800})
        expect_no_sideways_scrolling(page)
        shot(page, f"settings-spending-whole-{width}", whole=True)
    page.set_viewport_size({"width": 1440, "height": 900})

    with page.expect_download() as download:
        spending.get_by_role("link", name="CSV").click()
    lines = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))
    assert (lines[0]["prompt"], lines[0]["charged_usd"]) == ("'=HYPERLINK(1)", "0.1")
    spending.get_by_role("button", name="Month before").click()
    expect(spending).to_contain_text("No image was made with AI in this month")
    spending.get_by_role("button", name="Month after").click()
    expect(spending.get_by_role("button", name="Month after")).to_be_disabled()

    page.goto("/dashboard")
    expect(card).to_contain_text("$0.10 of $0.15practice money")
    card.scroll_into_view_if_needed()
    shot(page, "home-spending")

    # The limit is said before the click, and to whoever is not the owner as well.
    page.goto("/dashboard/images")
    dialog = opens_generator(page)
    expect(dialog.get_by_text("This month's limit for AI images is reached.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Generate · $0.10 practice")).to_be_disabled()
    gallery(page, "generator-cap", within="[role=dialog]")
    dialog.get_by_role("link", name="Raise the limit").click()
    expect(limit).to_be_in_viewport()
    spending.get_by_role("button", name="Remove it").click()
    expect(spending).to_contain_text("Nothing stops spending this month.")

    # It is reached while somebody still writes: the answer says so as well.
    page.goto("/dashboard/images")
    opens_generator(page)
    cap = {"monthly_ai_cap_usd": "0.10"}
    person.client.patch(f"/businesses/{person.business_id}", json=cap).raise_for_status()
    asks_for(dialog, "A harbour at night")
    result = dialog.get_by_role("region", name="Result")
    expect(result).to_contain_text("This month's limit for AI images is reached.")


def test_the_models_say_what_they_can_until_when_and_what_is_not_known(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    real = person.client.get("/generations/options", params={"business_id": person.business_id}).json()
    paints_here = real["providers"][0]["models"][0]
    page.route("**/api/v1/generations/options?**", lambda route: route.fulfill(json=with_others(real)))
    page.goto("/dashboard/settings")
    models = section(page, "AI models")
    expect(models).to_contain_text("Ends on 1 December 2026")
    expect(models).to_contain_text("Price at the provider unknown")
    expect(models.get_by_role("listitem")).to_have_count(3)
    models.scroll_into_view_if_needed()
    gallery(page, "settings-models")
    another = models.get_by_role("checkbox", name=re.compile("Another provider may paint"))
    label = models.get_by_role("checkbox", name=re.compile("Say so when a post shows an AI image"))
    expect(label).to_be_checked()
    for box in (another, label):
        box.click()
        expect(box).to_be_enabled()
    kept = person.client.get(f"/businesses/{person.business_id}").json()
    assert kept["ai_provider_fallback"] and not kept["label_ai_images"]

    # The form offers what the chosen model can do, and nothing else.
    page.goto("/dashboard/images")
    dialog = opens_generator(page)
    model = dialog.get_by_label("Model")
    model.select_option(label="Stable Image Core")
    expect(dialog.get_by_role("radio", name="HD")).to_have_count(0)
    expect(dialog).to_contain_text("Stability AI bills about $0.0531 for it.")
    model.select_option(label="GPT Image 1.5, until 2026-12-01")
    expect(dialog).to_contain_text("What OpenAI bills for it is unknown.")
    expect(dialog).to_contain_text("GPT Image 1.5 ends on 2026-12-01")
    expect(dialog.get_by_role("radio", name="Portrait 2:3")).to_be_visible()
    gallery(page, "generator-models", within="[role=dialog]")
    model.select_option(label=paints_here["name"])
    expect(dialog.get_by_role("radio", name="HD")).to_be_visible()


def with_others(options: dict[str, Any]) -> dict[str, Any]:
    """The same with providers that need keys of their own."""
    (practice,) = options["providers"]
    (painter,) = practice["models"]
    shapes = ["1024x1024", "1344x768", "768x1344", "1216x832", "832x1216", "1536x640"]
    core = {
        **painter,
        "id": "core",
        "name": "Stable Image Core",
        "sizes": shapes,
        "qualities": ["standard"],
        "streams": False,
        "edits": False,
        "prices": [{**COSTS, "size": size, "quality": "standard"} for size in shapes],
    }
    ending = {
        **painter,
        "id": "gpt-image-1.5",
        "name": "GPT Image 1.5",
        "sizes": ["1024x1024", "1024x1536", "1024x1792", "1536x1024"],
        "prices": [{**price, "provider_usd": None} for price in painter["prices"]],
        "shutdown_on": "2026-12-01",
        "successor": "gpt-image-2.5-flare",
    }
    warning = {
        "code": "model_ending",
        "detail": "GPT Image 1.5 ends on 2026-12-01, in 6 days. From then on gpt-image-2.5-flare paints.",
        "provider": "openai",
        "model": "gpt-image-1.5",
    }
    openai = {"name": "openai", "is_practice": False, "models": [ending]}
    stability = {"name": "stability", "is_practice": False, "models": [core]}
    return {**options, "providers": [practice, openai, stability], "warnings": [warning]}


def test_styles_are_said_in_the_words_of_the_business(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    page.goto("/dashboard/settings")
    styles = section(page, "AI styles")
    expect(styles.get_by_role("listitem")).to_have_count(4)
    styles.get_by_role("button", name="Add a style").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Add the style").click()
    expect(dialog).to_contain_text("A style needs a name.")
    dialog.get_by_label("Name").fill("House style")
    dialog.get_by_label("Words").fill("Warm morning light, natural wood")
    shot(page, "settings-style")
    axe(page, within="[role=dialog]")
    dialog.get_by_role("button", name="Add the style").click()
    expect(styles.get_by_role("listitem")).to_have_count(5)
    styles.get_by_role("button", name="Change Vintage").click()
    dialog.get_by_label("Words").fill("Faded postcard of the fifties")
    dialog.get_by_role("button", name="Save").click()
    expect(styles).to_contain_text("in your words")
    styles.scroll_into_view_if_needed()
    gallery(page, "settings-styles")

    page.goto("/dashboard/images")
    generator = opens_generator(page)
    generator.get_by_role("radio", name="House style").check()
    asks_for(generator, "A shelf of cups")
    expect(generator.get_by_text("In your library · ")).to_be_visible()
    (made,) = person.client.get("/generations", params={"business_id": person.business_id}).json()[
        "generations"
    ]
    assert made["enhanced_prompt"] == "A shelf of cups. Warm morning light, natural wood."

    page.goto("/dashboard/settings")
    styles.get_by_role("button", name="Change Vintage").click()
    dialog.get_by_role("button", name="As it came").click()
    expect(styles).to_contain_text("film grain")
    styles.get_by_role("button", name="Change House style").click()
    dialog.get_by_role("button", name="Delete this style").click()
    expect(styles.get_by_role("listitem")).to_have_count(4)


def test_spending_that_cannot_be_read_says_so_and_is_read_again(new_member: OpenMember) -> None:
    page = new_member(trouble=True).page
    fails(page, "**/api/v1/usage?**", "**/api/v1/generations/options?**", "**/styles")
    page.goto("/dashboard/settings")
    expect(page.get_by_text("The month could not be loaded")).to_be_visible()
    expect(page.get_by_text("What is left could not be read")).to_be_visible()
    expect(page.get_by_text("The models could not be loaded")).to_be_visible()
    expect(page.get_by_text("The styles could not be loaded")).to_be_visible()
    section(page, "AI and spending").scroll_into_view_if_needed()
    shot(page, "settings-spending-error")
    axe(page)
    page.goto("/dashboard")
    expect(page.get_by_text("The spending could not be loaded")).to_be_visible()
    page.unroute_all()
    page.get_by_role("region", name="AI spending this month").get_by_role("button").click()
    expect(page.get_by_text("No image yet.")).to_be_visible()


def fails(page: Page, *addresses: str) -> None:
    """Calls of these addresses end in trouble."""
    for address in addresses:
        page.route(address, lambda route: route.fulfill(status=400, json=TROUBLE))

"""Values that look like something else: moments as numbers, names with control characters."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.api.images.taking_in import _read_fields
from app.api.uploads import ReceivedForm
from app.core.errors import RuleBroken
from app.schemas.posts import PostInput, PostSchedule
from app.services.channels import shown_name


@pytest.mark.parametrize("given", [1790000000, 1790000000.5, "1790000000", "20260131", True, "", [], {}])
def test_a_moment_is_written_out_and_never_a_number(given: object) -> None:
    with pytest.raises(ValidationError):
        PostSchedule.model_validate({"scheduled_at": given})


@pytest.mark.parametrize("given", ["2026-01-31T09:00:00Z", "2026-01-31T09:00:00.5+02:00"])
def test_a_moment_with_its_offset_is_taken(given: str) -> None:
    assert PostSchedule.model_validate({"scheduled_at": given}).scheduled_at.utcoffset() is not None
    draft = PostInput.model_validate({"business_id": 1, "scheduled_at": None})
    assert draft.scheduled_at is None


@pytest.mark.parametrize("given", ["²", "٣", "+1", " 1", "1_0", "1.0", "-1", "0", ""])
def test_a_business_in_a_form_is_named_by_ascii_digits(given: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        _read_fields(ReceivedForm(fields={"business_id": given}, has_file=True))
    assert refused.value.code == "invalid_fields"
    assert _read_fields(ReceivedForm(fields={"business_id": "12"}, has_file=True)) == (12, "")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Harbour\r\nCoffee\x00", "Harbour Coffee"),
        ("\x1b[31mRed\x07", "[31mRed"),
        ("safe\u202egpj.exe", "safegpj.exe"),
        ("half \ud83d a heart", "half a heart"),
        ("Família 👨‍👩‍👧", "Família 👨‍👩‍👧"),
        ("x" * 300, "x" * 200),
        ("\x00\n", ""),
    ],
)
def test_a_name_from_a_platform_is_fit_to_be_shown(given: str, shown: str) -> None:
    assert shown_name(given) == shown

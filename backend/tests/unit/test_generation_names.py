"""What generated pictures are called."""

from __future__ import annotations

import pytest

from app.services.generations import picture_name

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
JPEG = b"\xff\xd8\xff\xe0" + bytes(12)


@pytest.mark.parametrize(
    ("prompt", "content", "name"),
    [
        ("Fog over the harbour", PNG, "Fog over the harbour.png"),
        ("Fog over the harbour.", JPEG, "Fog over the harbour.jpg"),
        (
            "A quiet harbour at dawn, fishing boats and a paper cup of coffee on the quay",
            PNG,
            "A quiet harbour at dawn, fishing boats and a paper cup of.png",
        ),
        ("A harbour,\n  two boats", PNG, "A harbour, two boats.png"),
        ("b" * 60 + " and more", PNG, "b" * 60 + ".png"),
        ("b" * 90, PNG, "b" * 60 + ".png"),
        ("Fog over the harbour", b"not a picture", "Fog over the harbour"),
    ],
)
def test_a_generated_picture_bears_the_first_whole_words_of_its_prompt_and_its_format(
    prompt: str, content: bytes, name: str
) -> None:
    assert picture_name(prompt, content) == name

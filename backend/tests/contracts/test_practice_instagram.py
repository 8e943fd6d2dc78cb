"""Practice Instagram keeps Instagram's rules."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.contracts.practice_desk import Desk, PictureHost, Served, picture_host, refusal
from tests.factories_pictures import flat, jpeg, jpeg_segment, png
from tests.practice_server import PracticeThread, practice_thread

DAY = 24 * 3600


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeThread]:
    with practice_thread(tmp_path_factory.mktemp("practice")) as running:
        running.control.settings(processing_ms=0)
        yield running


@pytest.fixture(scope="module")
def host() -> Iterator[PictureHost]:
    with picture_host() as running:
        yield running


@pytest.fixture
def desk(server: PracticeThread, host: PictureHost) -> Iterator[Desk]:
    made = Desk(server.url, server.control, host, "Harbour Coffee")
    yield made
    made.close()


# One picture, from the container to the link


def test_a_picture_goes_from_its_address_to_a_permalink_that_shows_it(desk: Desk) -> None:
    container = desk.container(caption="First light #harbour", alt_text="Boats", is_ai_generated="true")
    assert desk.look(container, "status_code,status") == {
        "id": container,
        "status_code": "FINISHED",
        "status": "Finished: Media has been uploaded and it is ready to be published.",
    }
    media_id = desk.publish(container).json()["id"]
    assert media_id != container
    media = desk.look(
        media_id, "id,permalink,shortcode,media_type,media_product_type,timestamp,caption,is_ai_generated"
    )
    assert media["caption"] == "First light #harbour"
    assert (media["media_type"], media["media_product_type"]) == ("IMAGE", "FEED")
    assert media["is_ai_generated"] is True
    assert media["timestamp"].endswith("+0000")
    assert media["shortcode"] in media["permalink"]
    page = desk.raw("GET", media["permalink"])
    assert page.status_code == 200
    assert "First light" in page.text and "Boats" in page.text and "AI info" in page.text


def test_the_served_picture_is_byte_for_byte_what_was_downloaded(desk: Desk) -> None:
    sent = jpeg(flat((10, 90, 160), 1000, 1000))
    media_id = desk.published(image_url=desk.host.put(Served(sent)))
    kept = desk.raw("GET", desk.look(media_id, "media_url")["media_url"])
    assert kept.content == sent
    assert kept.headers["content-type"] == "image/jpeg"
    assert kept.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in kept.headers["cache-control"]


def test_the_fetcher_names_itself_as_facebook_does(desk: Desk) -> None:
    desk.container()
    assert desk.host.user_agents[-1].startswith("facebookexternalhit/")


def test_only_asked_fields_are_answered_and_the_id_always(desk: Desk) -> None:
    container = desk.container(caption="x")
    assert desk.look(container, "status_code") == {"id": container, "status_code": "FINISHED"}
    assert desk.ask("GET", container).json() == {"id": container}


def test_an_unknown_field_is_refused(desk: Desk) -> None:
    answer = desk.ask("GET", desk.container(), params={"fields": "id,media_id"})
    assert refusal(answer) == (100, None)


def test_a_container_needs_time_and_a_publish_before_that_is_refused(desk: Desk) -> None:
    desk.control.settings(processing_ms=60_000)
    try:
        container = desk.container()
        assert desk.look(container, "status_code")["status_code"] == "IN_PROGRESS"
        assert refusal(desk.publish(container)) == (9007, 2207027)
        desk.control.advance_clock(61)
        assert desk.look(container, "status_code")["status_code"] == "FINISHED"
        assert desk.publish(container).status_code == 200
    finally:
        desk.control.settings(processing_ms=0)


def test_a_container_is_published_once_and_says_so(desk: Desk) -> None:
    container = desk.container(caption="only once")
    assert desk.publish(container).status_code == 200
    assert refusal(desk.publish(container)) == (9007, 2207027)
    assert desk.look(container, "status_code")["status_code"] == "PUBLISHED"


def test_of_many_publishes_at_once_exactly_one_succeeds(desk: Desk) -> None:
    container = desk.container(caption="a crowd at the door")
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _: desk.publish(container), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    assert len(desk.control.media("a crowd at the door")) == 1


def test_a_container_expires_after_a_day(desk: Desk) -> None:
    container = desk.container()
    desk.control.advance_clock(DAY + 1)
    assert desk.look(container, "status_code")["status_code"] == "EXPIRED"
    assert refusal(desk.publish(container)) == (24, 2207008)


def test_a_container_that_never_existed_cannot_be_published(desk: Desk) -> None:
    assert refusal(desk.publish("17800000000000000")) == (24, 2207008)
    assert refusal(desk.publish("")) == (100, None)


# What Instagram does not take


@pytest.mark.parametrize(("width", "height"), [(1080, 1350), (1080, 566), (191, 100), (4, 5), (320, 320)])
def test_the_allowed_shapes_include_their_borders(desk: Desk, width: int, height: int) -> None:
    assert desk.create(image_url=desk.host.picture(width, height)).status_code == 200


@pytest.mark.parametrize(("width", "height"), [(1080, 1351), (1080, 565), (192, 100), (400, 1200)])
def test_a_shape_beyond_the_borders_is_refused(desk: Desk, width: int, height: int) -> None:
    assert refusal(desk.create(image_url=desk.host.picture(width, height))) == (36003, 2207009)


@pytest.mark.parametrize(
    ("served", "expected"),
    [
        (Served(png(flat((1, 2, 3), 600, 600)), "image/png"), (36001, 2207005)),
        (Served(jpeg(flat((1, 2, 3), 600, 600)), "image/png"), (36001, 2207005)),
        (Served(png(flat((1, 2, 3), 600, 600)), "image/jpeg"), (36001, 2207005)),
        (Served(jpeg(flat((1, 2, 3), 600, 600))[:-200]), (36001, 2207005)),
        (Served(b"<html>log in</html>", "text/html"), (9004, 2207052)),
        (Served(jpeg(), "application/octet-stream"), (9004, 2207052)),
        (Served(status=404), (9004, 2207052)),
        (Served(status=302, headers={"Location": "/0.jpg"}), (9004, 2207052)),
        (Served(b""), (36001, 2207005)),
        (Served(jpeg(flat((1, 2, 3), 600, 600)) + b"\xff" * (8 * 1024 * 1024)), (36000, 2207004)),
    ],
    ids=[
        "png",
        "wrong type",
        "lying type",
        "cut off",
        "page",
        "no type",
        "missing",
        "moved",
        "empty",
        "9 MB",
    ],
)
def test_an_address_that_gives_no_good_jpeg_is_refused(
    desk: Desk, served: Served, expected: tuple[int, int]
) -> None:
    assert refusal(desk.create(image_url=desk.host.put(served))) == expected


def test_a_picture_of_several_pictures_in_one_file_is_refused(desk: Desk) -> None:
    plain = jpeg(flat((1, 2, 3), 600, 600))
    several = plain[:2] + jpeg_segment(0xE2, b"MPF\0" + b"\0" * 20) + plain[2:]
    assert refusal(desk.create(image_url=desk.host.put(Served(several)))) == (36001, 2207005)


def test_a_silent_host_is_given_up(desk: Desk) -> None:
    desk.control.settings(download_timeout_ms=200)
    try:
        assert refusal(desk.create(image_url=desk.host.put(Served(is_silent=True)))) == (-2, 2207003)
    finally:
        desk.control.settings(download_timeout_ms=10_000)


@pytest.mark.parametrize(
    "url", ["", "ftp://127.0.0.1/a.jpg", "/a.jpg", "http://127.0.0.1/ä.jpg", "http://127.0.0.1:99999/a.jpg"]
)
def test_an_address_that_is_none_is_refused(desk: Desk, url: str) -> None:
    assert refusal(desk.create(image_url=url)) in ((9004, 2207052), (100, None))


def test_a_closed_port_is_a_failed_download(desk: Desk) -> None:
    assert refusal(desk.create(image_url="http://127.0.0.1:1/a.jpg")) == (9004, 2207052)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"caption": "x" * 2201}, (36004, 2207010)),
        ({"caption": "\N{WAVING HAND SIGN}" * 1101}, (36004, 2207010)),
        ({"caption": " ".join(f"#tag{n}" for n in range(31))}, (36004, 2207010)),
        ({"caption": " ".join(f"@user{n}" for n in range(21))}, (100, 2207040)),
        ({"alt_text": "x" * 1001}, (100, None)),
        ({"media_type": "POSTCARD"}, (100, 2207023)),
        ({"is_carousel_item": "true", "is_ai_generated": "true"}, (100, None)),
        ({"is_ai_generated": "perhaps"}, (100, None)),
        ({"collaborators": "a,b,c,d"}, (100, 2207018)),
        ({"media_type": "CAROUSEL", "children": "1"}, (100, 2207028)),
        ({"media_type": "CAROUSEL", "children": ",".join("123456789AB")}, (100, 2207028)),
        ({"media_type": "CAROUSEL", "children": "1,2"}, (24, 2207008)),
    ],
)
def test_a_text_or_parameter_beyond_the_rules_is_refused(
    desk: Desk, params: dict[str, str], expected: tuple[int, int | None]
) -> None:
    assert refusal(desk.create(image_url=desk.host.picture(), **params)) == expected


@pytest.mark.parametrize(
    "params",
    [
        {"caption": "x" * 2200},
        {"caption": "\N{WAVING HAND SIGN}" * 1100},
        {"caption": " ".join(f"#tag{n}" for n in range(30)) + " #1 a#b"},
        {"caption": " ".join(f"@user{n}" for n in range(20)) + " me@example.com"},
        {"alt_text": "x" * 1000},
        {"somebody": "else's parameter"},
    ],
)
def test_a_text_at_the_limit_is_taken(desk: Desk, params: dict[str, str]) -> None:
    assert desk.create(image_url=desk.host.picture(), **params).status_code == 200


def test_the_users_texts_of_an_error_come_in_the_accounts_language(desk: Desk) -> None:
    wide = desk.host.picture(1200, 300)
    spanish = desk.create(image_url=wide).json()["error"]
    desk.control.change_account(desk.instagram.id, language="en")
    english = desk.create(image_url=wide).json()["error"]
    assert spanish["message"] == english["message"]
    assert spanish["error_user_msg"] != english["error_user_msg"]
    assert spanish["error_user_msg"].startswith("La imagen")


# Carousels


def test_a_carousel_shows_its_slides_in_order(desk: Desk) -> None:
    slides = [
        desk.container(
            image_url=desk.host.picture(900 + n, 900), is_carousel_item="true", alt_text=f"Slide {n}"
        )
        for n in range(3)
    ]
    media_id = desk.published(media_type="CAROUSEL", children=",".join(slides), caption="Three")
    assert desk.look(media_id, "media_type")["media_type"] == "CAROUSEL_ALBUM"
    pictures = desk.control.media("Three")[0]["pictures"]
    assert [(p["width"], p["alt_text"]) for p in pictures] == [
        (900, "Slide 0"),
        (901, "Slide 1"),
        (902, "Slide 2"),
    ]


def test_a_slide_is_no_post_and_a_post_is_no_slide(desk: Desk) -> None:
    slide = desk.container(is_carousel_item="true")
    assert refusal(desk.publish(slide)) == (100, None)
    plain = desk.container()
    answer = desk.create(media_type="CAROUSEL", children=f"{slide},{plain}")
    assert refusal(answer) == (24, 2207008)


# Quotas


def test_the_daily_quota_stops_publishing_and_frees_itself_after_a_day(desk: Desk) -> None:
    desk.control.settings(quota_total=2)
    try:
        asked = {"fields": "quota_usage,config"}
        for _ in range(2):
            desk.published()
        limit = desk.ask("GET", f"{desk.instagram.id}/content_publishing_limit", params=asked).json()
        assert limit == {"data": [{"quota_usage": 2, "config": {"quota_total": 2, "quota_duration": 86400}}]}
        container = desk.container()
        assert refusal(desk.publish(container)) == (9, 2207042)
        assert desk.look(container, "status_code")["status_code"] == "FINISHED"
        desk.control.advance_clock(DAY + 1)
        limit = desk.ask("GET", f"{desk.instagram.id}/content_publishing_limit").json()
        assert limit == {"data": [{"quota_usage": 0}]}
        desk.published()
    finally:
        desk.control.settings(quota_total=50)


def test_an_account_takes_400_containers_a_day(desk: Desk) -> None:
    url = desk.host.picture(400, 400)
    with ThreadPoolExecutor(4) as many:
        answers = list(many.map(lambda _: desk.create(image_url=url), range(401)))
    assert sorted(answer.status_code for answer in answers) == [200] * 400 + [400]
    assert {refusal(a) for a in answers if a.status_code == 400} == {(9, 2207042)}


# Lists


def test_media_are_listed_newest_first_page_by_page(desk: Desk) -> None:
    for n in range(5):
        desk.published(caption=f"post {n}")
    seen, after = [], None
    while True:
        params: dict[str, Any] = {"fields": "caption", "limit": 2} | ({"after": after} if after else {})
        answer = desk.ask("GET", f"{desk.instagram.id}/media", params=params).json()
        seen += [row["caption"] for row in answer["data"]]
        if "next" not in answer["paging"]:
            break
        assert "access_token" not in answer["paging"]["next"]
        after = answer["paging"]["cursors"]["after"]
    assert seen == [f"post {n}" for n in reversed(range(5))]


def test_a_text_is_kept_without_the_space_around_it(desk: Desk) -> None:
    media_id = desk.published(caption="  one\r\ntwo \n")
    assert desk.look(media_id, "caption")["caption"] == "one\ntwo"


def test_a_post_without_a_text_has_no_caption(desk: Desk) -> None:
    assert "caption" not in desk.look(desk.published(), "id,caption")


# Tokens


def test_every_way_to_send_a_token_works(desk: Desk) -> None:
    token, path = desk.instagram.access_token, "/graph/v26.0/me?fields=username"
    answers = [
        desk.raw("GET", f"{path}&access_token={token}"),
        desk.raw("GET", path, headers={"Authorization": f"Bearer {token}"}),
        desk.raw("GET", path, headers={"Authorization": f"OAuth {token}"}),
        desk.raw("POST", f"/graph/v26.0/{desk.instagram.id}/media_publish", data={"access_token": token}),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 400]
    assert answers[0].json() == {"id": desk.instagram.id, "username": desk.instagram.name}
    assert refusal(answers[3]) == (100, None)


def test_no_token_and_an_unknown_one_are_refused(desk: Desk) -> None:
    assert refusal(desk.raw("GET", "/graph/v26.0/me")) == (2500, None)
    unknown = desk.raw("GET", "/graph/v26.0/me", headers={"Authorization": "Bearer IGAAnobody"})
    assert refusal(unknown) == (190, 467)


@pytest.mark.parametrize("subcode", [458, 459, 460, 463, 464, 467])
def test_a_token_that_ended_says_why(desk: Desk, subcode: int) -> None:
    desk.control.change_account(desk.instagram.id, token_subcode=subcode)
    assert refusal(desk.ask("GET", "me")) == (190, subcode)
    told = desk.raw(
        "GET",
        "/graph/v26.0/debug_token",
        params={"input_token": desk.instagram.access_token, "access_token": "1|2"},
    ).json()["data"]
    assert (told["is_valid"], told["error"]["subcode"]) == (False, subcode)
    desk.control.change_account(desk.instagram.id, token_subcode=None)
    assert desk.ask("GET", "me").status_code == 200


def test_one_accounts_token_neither_sees_nor_uses_anothers_things(desk: Desk) -> None:
    stranger = desk.control.accounts("Somebody else")
    container = desk.container()
    assert refusal(desk.ask("GET", container, stranger.instagram)) == (100, 33)
    assert refusal(desk.ask("GET", desk.instagram.id, stranger.instagram)) == (100, 33)
    assert refusal(desk.ask("GET", desk.instagram.id, stranger.page)) == (100, 33)
    answer = desk.ask(
        "POST",
        f"{stranger.instagram.id}/media_publish",
        stranger.instagram,
        data={"creation_id": container},
    )
    assert refusal(answer) == (24, 2207006)


def test_a_pages_token_also_speaks_for_its_instagram_account(desk: Desk) -> None:
    answer = desk.ask("GET", desk.instagram.id, desk.page, params={"fields": "id,username"})
    assert answer.json() == {"id": desk.instagram.id, "username": desk.instagram.name}


def test_a_restricted_account_neither_prepares_nor_publishes(desk: Desk) -> None:
    container = desk.container()
    desk.control.change_account(desk.instagram.id, is_restricted=True)
    assert refusal(desk.publish(container)) == (25, 2207050)
    assert refusal(desk.create(image_url=desk.host.picture())) == (25, 2207050)


# The wire


def test_parameters_may_come_as_json(desk: Desk) -> None:
    answer = desk.ask(
        "POST",
        f"{desk.instagram.id}/media",
        json={"image_url": desk.host.picture(), "caption": "as JSON", "is_ai_generated": True},
    )
    assert answer.status_code == 200
    assert desk.control.containers("as JSON")


@pytest.mark.parametrize("version", ["v22.0", "v25.0", "v26.0"])
def test_every_live_version_answers_as_itself(desk: Desk, version: str) -> None:
    answer = desk.raw("GET", f"/graph/{version}/me", headers=desk.instagram.headers)
    assert (answer.status_code, answer.headers["facebook-api-version"]) == (200, version)


def test_an_expired_version_is_served_by_the_oldest_and_a_future_one_by_nobody(desk: Desk) -> None:
    expired = desk.raw("GET", "/graph/v19.0/me", headers=desk.instagram.headers)
    assert expired.headers["facebook-api-version"] == "v22.0"
    assert refusal(desk.raw("GET", "/graph/v99.0/me", headers=desk.instagram.headers)) == (2500, None)
    assert desk.raw("GET", "/graph/me", headers=desk.instagram.headers).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("media", b"[1]", "application/json"),
        ("media", b"{", "application/json"),
        ("media", b"[" * 100_000, "application/json"),
        ("media_publish", b'{"creation_id": "\\ud83d"}', "application/json"),
        ("media", b'{"caption": {"a": 1}, "image_url": "http://127.0.0.1/"}', "application/json"),
        ("media", b"\xff\xfe=\xff", "application/x-www-form-urlencoded"),
        ("media", b"caption=%ff%fe", "application/x-www-form-urlencoded"),
        ("media", b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        ("media", b"x", "multipart/form-data"),
        ("media_publish", b'{"creation_id": [1]}', "application/json"),
        ("a/b/c", b"", "text/plain"),
        ("media%00", b"", "text/plain"),
    ],
)
def test_whatever_is_sent_the_answer_is_an_envelope_and_never_a_crash(
    desk: Desk, path: str, body: bytes, kind: str
) -> None:
    answer = desk.ask("POST", f"{desk.instagram.id}/{path}", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert refusal(answer)


def test_usage_headers_are_there_for_the_client_to_read(desk: Desk) -> None:
    answer = desk.ask("GET", "me")
    assert "call_count" in answer.headers["x-app-usage"]
    assert desk.instagram.id in answer.headers["x-business-use-case-usage"]
    assert answer.headers["x-practice"] == "1"

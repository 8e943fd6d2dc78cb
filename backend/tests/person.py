"""Somebody who uses the product through its API."""

from __future__ import annotations

import ssl
import uuid
from dataclasses import dataclass
from typing import Any, Self

import httpx

from tests.factories_pictures import jpeg, photo
from tests.practice_server import poll

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of loopback: reading the world's certificates takes longer than most requests."""


@dataclass(slots=True)
class Person:
    """A signed-in user of a running server, with one business."""

    client: httpx.Client
    token: str
    user_id: int
    business_id: int

    @classmethod
    def signs_up(cls, url: str, *, name: str = "Ada", business_name: str = "Harbour Coffee") -> Self:
        """A new account on the server at `url`."""
        client = httpx.Client(base_url=f"{url}/api/v1", timeout=100, trust_env=False, verify=NO_TLS)
        answer = client.post(
            "/auth/register",
            json={
                "email": f"{uuid.uuid4().hex}@example.com",
                "password": "correct horse battery",
                "name": name,
                "business_name": business_name,
                "timezone": "Europe/Berlin",
            },
        )
        assert answer.status_code == 201, answer.text
        body = answer.json()
        client.cookies.clear()
        client.headers["Authorization"] = f"Bearer {body['access_token']}"
        return cls(client, body["access_token"], body["user"]["id"], body["businesses"][0]["id"])

    def close(self) -> None:
        """Let go of connections."""
        self.client.close()

    def uploads(
        self, content: bytes | None = None, *, filename: str = "harbour.jpg", **fields: Any
    ) -> httpx.Response:
        """Send a picture; without `content` a drawn photograph that is new each time."""
        if content is None:
            content = jpeg(photo(seed=uuid.uuid4().int % 2**31))
        return self.client.post(
            "/images/upload",
            data={"business_id": self.business_id, **fields},
            files={"file": (filename, content, "application/octet-stream")},
        )

    def keeps_picture(self, content: bytes | None = None, **fields: Any) -> dict[str, Any]:
        """An image that is in the library now."""
        answer = self.uploads(content, **fields)
        assert answer.status_code == 201, answer.text
        image: dict[str, Any] = answer.json()["image"]
        return image

    def makes_key(self, role: str = "editor", **more: Any) -> dict[str, Any]:
        """What is answered to whoever makes an API key."""
        wish = {"business_id": self.business_id, "name": f"{role} script", "role": role, **more}
        answer = self.client.post("/api-keys", json=wish)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def with_key(self, secret: str) -> httpx.Client:
        """A program with an API key at the same server. Close it."""
        return httpx.Client(
            base_url=self.client.base_url,
            headers={"Authorization": f"Bearer {secret}"},
            timeout=100,
            trust_env=False,
            verify=NO_TLS,
        )

    def channel(self, platform: str = "instagram") -> dict[str, Any]:
        """The practice channel of this platform."""
        answer = self.client.get("/channels", params={"business_id": self.business_id})
        return next(row for row in answer.json()["channels"] if row["platform"] == platform)

    def writes(self, text: str, *, image_ids: list[int], platforms: tuple[str, ...] = ("instagram",)) -> int:
        """A draft; returns its id."""
        answer = self.client.post(
            "/posts",
            json={
                "business_id": self.business_id,
                "content_text": text,
                "images": [{"image_id": image_id} for image_id in image_ids],
                "channel_ids": [self.channel(platform)["id"] for platform in platforms],
            },
        )
        assert answer.status_code == 201, answer.text
        return int(answer.json()["post"]["id"])

    def sends(self, post_id: int) -> None:
        """Publish a draft; it goes out by itself from here."""
        answer = self.client.post(f"/posts/{post_id}/publish")
        assert answer.status_code == 202, answer.text

    def post(self, post_id: int) -> dict[str, Any]:
        """The post as it stands."""
        found: dict[str, Any] = self.client.get(f"/posts/{post_id}").json()
        return found

    def waits_for(self, post_id: int, state: str, *, seconds: float = 30) -> dict[str, Any]:
        """The post, once it is in this state."""

        def look() -> dict[str, Any] | None:
            found = self.post(post_id)
            return found if found["state"] == state else None

        return poll(look, what=f"state {state} of post {post_id}", seconds=seconds)

    def waits_for_link(self, post_id: int) -> str:
        """The link of the post's only publication, once it is known."""

        def look() -> str | None:
            (publication,) = self.post(post_id)["publications"]
            link: str | None = publication["permalink"]
            return link

        return poll(look, what=f"the link of post {post_id}")

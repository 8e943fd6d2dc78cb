"""Looks at everything that a bucket must be able to do, and names the setting or the rule to change."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from uuid import uuid4

from app.core import clock
from app.providers.storage.base import (
    Document,
    Finding,
    ObjectExists,
    ObjectMissing,
    StorageError,
)
from app.providers.storage.checkups import Trouble, look, skipped
from app.providers.storage.s3.diagnosis import refusal, told
from app.providers.storage.s3.documents import cors_rules, iam_policy
from app.providers.storage.s3.probe import Answer, Probe
from app.providers.storage.s3.store import S3Storage
from app.providers.storage.samples import SAMPLE, SAMPLE_TYPE

_SKEW_WORTH_SAYING = timedelta(seconds=60)
_SKEW_REFUSED = timedelta(minutes=15)
"""Beyond this S3 takes no signature."""


class S3Checkup:
    """The checks of one bucket, for whoever operates it."""

    provider = "s3"

    def __init__(self, storage: S3Storage, *, checksum_algorithm: str = "") -> None:
        self._storage = storage
        self._bucket = storage.bucket
        self._checksum_algorithm = checksum_algorithm

    def documents(self, *, origin: str) -> list[Document]:
        """The rights of the key, and who may send to the bucket from a page."""
        return [iam_policy(self._bucket, self._storage.region), cors_rules(origin)]

    async def findings(self, *, origin: str) -> AsyncIterator[Finding]:
        """Each check as it ends."""
        probe = self._storage.probe()
        run = _Run(self._storage, probe, origin, self._checksum_algorithm)
        try:
            reach = await look("reach", "The store answers", run.reach)
            yield reach
            yield (
                await look("clock", "The clocks agree", run.clock)
                if run.is_reached
                else skipped("clock", "The clocks agree", "The store did not answer.")
            )
            for name, title, step in (
                ("write", "Objects can be written", run.write),
                ("checksum", run.checksum_title, run.checksum),
                ("read", "Objects can be read", run.read),
                ("missing", "A missing object is told from a forbidden one", run.missing),
                ("conditional", "No object is ever replaced", run.conditional),
                ("presign", "Signed URLs show pictures", run.presign),
                ("private", "Unsigned URLs show nothing", run.private),
                ("public", "The public base shows pictures", run.public),
                ("direct", "Browsers can send pictures to the bucket", run.direct),
                ("cors", "The bucket lets this page send to it", run.cors),
                ("delete", "Objects can be deleted", run.delete),
            ):
                reason = run.why_not(name)
                yield skipped(name, title, reason) if reason else await look(name, title, step)
        finally:
            await run.tidy_up()
            await probe.close()


class _Run:
    """One run of the checks, and what it has learnt so far."""

    def __init__(self, storage: S3Storage, probe: Probe, origin: str, checksum_algorithm: str) -> None:
        self._storage = storage
        self._probe = probe
        self._origin = origin
        self._checksum_algorithm = checksum_algorithm
        self._key = f"check/{uuid4().hex}.png"
        self._sent_key = f"incoming/0/{uuid4().hex}.png"
        self._date = ""
        self.is_reached = False
        self.is_written = False
        self._is_plain_write_good = False

    @property
    def checksum_title(self) -> str:
        """What works when the check of checksums is ok."""
        return (
            "The store takes uploads with a checksum"
            if self._checksum_algorithm
            else "Uploads carry no checksum header"
        )

    def why_not(self, name: str) -> str:
        """Why a check makes no sense in this run; empty where it does."""
        if not self.is_reached:
            return "The store did not answer."
        if name in ("write", "checksum"):
            return ""
        if name == "public" and not self._storage.public_url:
            return "AWS_S3_PUBLIC_URL is not set: pictures are shown by signed URLs."
        if name == "private" and self._storage.public_url and not self._storage.is_cloudfront:
            return "AWS_S3_PUBLIC_URL is set: pictures are meant to be public."
        if name in ("direct", "cors"):
            if self._storage.direct_method is None:
                return "AWS_S3_DIRECT_UPLOAD is off: pictures come through this server."
            return ""
        return "" if self.is_written or name == "missing" else "Nothing could be written."

    async def reach(self) -> str | None:
        answer = await self._probe.ask("GET", f"{self._probe.base}/{self._key}")
        if answer.status == 0:
            raise Trouble(
                f"Nothing answers at {self._probe.base}.",
                "Set AWS_S3_ENDPOINT_URL to the address of the store, with http:// or https://, "
                "or leave it empty for Amazon; and look whether the store is running.",
            )
        self.is_reached = True
        self._date = answer.headers.get("date", "")
        return None

    async def clock(self) -> str | None:
        try:
            skew = abs(clock.now() - parsedate_to_datetime(self._date))
        except (ValueError, TypeError):
            return "The store does not tell its time."
        seconds = round(skew.total_seconds())
        if skew <= _SKEW_WORTH_SAYING:
            return None
        raise Trouble(
            f"This server's clock and the store's are {seconds} s apart; signatures fail from 900 s on.",
            "Set this server's clock by the network: timedatectl set-ntp true",
            state="failed" if skew >= _SKEW_REFUSED else "warning",
        )

    async def write(self) -> str | None:
        try:
            with tempfile.TemporaryDirectory() as folder:
                source = Path(folder) / "sample.png"
                source.write_bytes(SAMPLE)
                await self._storage.put(self._key, source, mime_type=SAMPLE_TYPE)
        except StorageError as error:
            answer = await self._ask("PUT", self._key, SAMPLE)
            self._is_plain_write_good = answer.is_good
            if answer.is_good:
                raise Trouble(str(error), "Look at the check of checksums below.") from error
            raise refusal(self._storage.bucket, answer, "PUT") from error
        self.is_written = True
        return None

    async def checksum(self) -> str | None:
        if self.is_written or not self._checksum_algorithm:
            mode = self._checksum_algorithm or "none: what R2 and older stores want"
            return f"Checksum mode: {mode}."
        if not self._is_plain_write_good:
            raise Trouble("It can't be told while nothing can be written.", "", state="warning")
        raise Trouble(
            f"The store takes an upload without a checksum, but none with {self._checksum_algorithm}.",
            "Leave AWS_CHECKSUM_ALGORITHM empty.",
        )

    async def read(self) -> str | None:
        try:
            stored = await self._storage.open(self._key)
            content = b"".join([piece async for piece in stored.body])
        except StorageError as error:
            raise refusal(self._storage.bucket, await self._ask("GET", self._key), "GET") from error
        if content != SAMPLE:
            raise Trouble(
                "The store gave back other bytes than were written.",
                "Look for a proxy in front of the store that changes bodies, and take it out.",
            )
        return None

    async def missing(self) -> str | None:
        try:
            await self._storage.open(f"check/{uuid4().hex}.png")
        except ObjectMissing:
            return None
        except StorageError as error:
            raise Trouble(
                "The store answers for a missing object as for a forbidden one.",
                f"Give the key the right s3:ListBucket on arn:aws:s3:::{self._storage.bucket} itself.",
                state="warning",
            ) from error
        raise Trouble("The store shows an object that was never written.", "Use another store.")

    async def conditional(self) -> str | None:
        try:
            with tempfile.TemporaryDirectory() as folder:
                source = Path(folder) / "sample.png"
                source.write_bytes(SAMPLE)
                await self._storage.put(self._key, source, mime_type=SAMPLE_TYPE)
        except ObjectExists:
            return None
        except StorageError as error:
            raise Trouble(
                "The store refuses a second write, but not as it should.",
                "Use a version of the store that knows conditional writes (If-None-Match: *).",
                state="warning",
            ) from error
        raise Trouble(
            "The store replaces objects although it is asked not to.",
            "Use a version of the store that knows conditional writes (If-None-Match: *).",
        )

    async def presign(self) -> str | None:
        answer = await self._probe.ask("GET", self._storage.presigned(self._key, self._tomorrow()))
        if answer.status == 0:
            raise Trouble(
                "Nothing answered at the signed URL.",
                "Set AWS_S3_ENDPOINT_URL to an address of the store that browsers reach as well.",
            )
        if not answer.is_good or answer.body != SAMPLE:
            raise refusal(self._storage.bucket, answer, "GET")
        if answer.headers.get("content-type") != SAMPLE_TYPE:
            raise Trouble(
                "The store does not keep the type of an object.",
                "Use a version of the store that keeps Content-Type.",
            )
        return None

    async def private(self) -> str | None:
        answer = await self._probe.ask("GET", f"{self._probe.base}/{self._key}")
        if answer.is_good:
            raise Trouble(
                "Anybody can read what is in the bucket.",
                f"Block public access of the bucket {self._storage.bucket}, and take grants to everybody out "
                "of its policy.",
                state="warning",
            )
        return None

    async def public(self) -> str | None:
        url = self._storage.url(self._key, expires_at=self._tomorrow())
        answer = await self._probe.ask("GET", url)
        if answer.status == 0:
            raise Trouble(
                f"Nothing answers at {self._storage.public_url}.",
                "Set AWS_S3_PUBLIC_URL to the public base of the bucket or of the CDN, with https://.",
            )
        if answer.status in (401, 403):
            raise Trouble(
                "The public base refuses to show a picture.",
                "Set AWS_CLOUDFRONT_KEY_ID and AWS_CLOUDFRONT_PRIVATE_KEY to a key of the distribution's key "
                "group, and let the distribution read the bucket (origin access control)."
                if self._storage.is_cloudfront
                else "Let everybody, or the CDN, read the bucket; or leave AWS_S3_PUBLIC_URL empty: "
                "then URLs are signed.",
            )
        if not answer.is_good or answer.body != SAMPLE:
            raise Trouble(
                f"The public base does not show what was written (it answers {answer.status}).",
                "Set AWS_S3_PUBLIC_URL to the address under which the keys of the bucket begin, without a "
                "folder that is not there.",
            )
        if self._storage.is_cloudfront and (await self._probe.ask("GET", url.partition("?")[0])).is_good:
            raise Trouble(
                "The distribution shows pictures without a signature, too.",
                "Restrict viewer access of the distribution to its key group.",
                state="warning",
            )
        if self._origin.startswith("https://") and not url.startswith("https://"):
            raise Trouble(
                "Browsers show no pictures from http:// in a page from https://.",
                "Set AWS_S3_PUBLIC_URL to an https:// address.",
            )
        return None

    async def direct(self) -> str | None:
        leave = self._storage.direct_upload(
            self._sent_key,
            mime_type=SAMPLE_TYPE,
            size=len(SAMPLE),
            expires_at=clock.now() + timedelta(minutes=5),
        )
        if leave.method == "put":
            good = await self._probe.ask("PUT", leave.url, body=SAMPLE, headers=leave.headers)
            wrong = {**leave.headers, "Content-Type": "text/html"}
            bad = await self._probe.ask("PUT", leave.url, body=SAMPLE, headers=wrong)
        else:
            good = await self._probe.send_form(leave.url, leave.fields, SAMPLE, SAMPLE_TYPE)
            bad = await self._probe.send_form(leave.url, leave.fields, SAMPLE + b"\0", SAMPLE_TYPE)
        if not good.is_good:
            raise Trouble(
                f"The store takes no file by {leave.method.upper()} (it answers {told(good)}).",
                "Set AWS_S3_DIRECT_UPLOAD=put."
                if leave.method == "post"
                else "Set AWS_S3_DIRECT_UPLOAD=off: pictures then come through this server.",
            )
        if bad.is_good:
            raise Trouble(
                "The store takes files that the signature does not allow.",
                "Set AWS_S3_DIRECT_UPLOAD=off: pictures then come through this server.",
            )
        return f"By {leave.method.upper()}."

    async def cors(self) -> str | None:
        method = (self._storage.direct_method or "").upper()
        url = f"{self._probe.base}/{'' if method == 'POST' else self._sent_key}"
        asked = {"Origin": self._origin, "Access-Control-Request-Method": method}
        answer = await self._probe.ask(
            "OPTIONS", url, headers=asked | {"Access-Control-Request-Headers": "content-type"}
        )
        fix = (
            f"Paste the CORS rules below into the bucket {self._storage.bucket}. "
            "Until then pictures come through this server."
        )
        allowed = answer.headers.get("access-control-allow-origin", "")
        if not answer.is_good or allowed not in ("*", self._origin):
            raise Trouble(
                f"The bucket does not let pages of {self._origin} send to it.", fix, state="warning"
            )
        methods = answer.headers.get("access-control-allow-methods", "").upper().replace(" ", "").split(",")
        if method not in methods and "*" not in methods:
            raise Trouble(f"The bucket's CORS rules do not allow {method}.", fix, state="warning")
        signed = self._storage.presigned(self._key, self._tomorrow())
        shown = await self._probe.ask("GET", signed, headers={"Origin": self._origin})
        exposed = ",".join(
            headers.get("access-control-expose-headers", "") for headers in (answer.headers, shown.headers)
        )
        if not {"etag", "*"} & set(exposed.lower().replace(" ", "").split(",")):
            raise Trouble("The bucket's CORS rules do not expose ETag.", fix, state="warning")
        return None

    async def delete(self) -> str | None:
        try:
            await self._storage.delete(self._key)
            await self._storage.open(self._key)
        except ObjectMissing:
            self.is_written = False
            return None
        except StorageError as error:
            answer = await self._ask("DELETE", self._key)
            if not answer.is_good:
                raise refusal(self._storage.bucket, answer, "DELETE") from error
            return None
        raise Trouble(
            "An object that was deleted is still there.",
            f"Give the key the right s3:DeleteObject on arn:aws:s3:::{self._storage.bucket}/*, and look for "
            "a retention rule of the bucket.",
        )

    async def tidy_up(self) -> None:
        """Remove what the checks wrote, as far as that can be done."""
        for key in (self._key, self._sent_key) if self.is_reached else ():
            await self._ask("DELETE", key)

    def _tomorrow(self) -> datetime:
        return clock.now() + timedelta(days=1)

    async def _ask(self, method: str, key: str, body: bytes = b"") -> Answer:
        headers = {"Content-Type": SAMPLE_TYPE} if body else {}
        return await self._probe.ask(
            method, f"{self._probe.base}/{key}", body=body, headers=headers, is_signed=True
        )

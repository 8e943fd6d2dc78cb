"""What a refusal of an S3 store means, and what to change. Decided by its code, never by its words."""

from __future__ import annotations

from app.providers.storage.checkups import Trouble
from app.providers.storage.s3.probe import Answer

_RIGHTS = {"PUT": "s3:PutObject", "GET": "s3:GetObject", "DELETE": "s3:DeleteObject"}
_WRONG_REGION = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "PermanentRedirect",
        "TemporaryRedirect",
    }
)


def told(answer: Answer) -> str:
    """The answer in short."""
    return f"{answer.status} {answer.code}".strip()


def refusal(bucket: str, answer: Answer, method: str) -> Trouble:
    """The trouble behind the answer to a signed request."""
    if answer.code == "NoSuchBucket" or (answer.status == 404 and method == "PUT"):
        return Trouble(
            f"There is no bucket named {bucket}.", "Set AWS_S3_BUCKET to the name of a bucket that is there."
        )
    if answer.code == "InvalidAccessKeyId":
        return Trouble(
            "The store does not know the access key.", "Set AWS_ACCESS_KEY_ID to a key of the store."
        )
    if answer.code == "SignatureDoesNotMatch":
        return Trouble(
            "The secret does not belong to the access key.",
            "Set AWS_SECRET_ACCESS_KEY to the secret of AWS_ACCESS_KEY_ID.",
        )
    if answer.code in ("RequestTimeTooSkewed", "RequestExpired"):
        return Trouble(
            "The store refuses signatures because the clocks are too far apart.",
            "Set this server's clock by the network: timedatectl set-ntp true",
        )
    if answer.code in _WRONG_REGION or 300 <= answer.status < 400:
        region = answer.headers.get("x-amz-bucket-region", "")
        return Trouble(
            "The bucket is in another region.",
            f"Set AWS_S3_REGION={region}." if region else "Set AWS_S3_REGION to the region of the bucket.",
        )
    if answer.status in (401, 403):
        return Trouble(
            f"The key may not do this ({told(answer)}).",
            f"Give the key the right {_RIGHTS[method]} on arn:aws:s3:::{bucket}/*. "
            "The policy to paste has it.",
        )
    if answer.status == 0:
        return Trouble("The store did not answer.", "Look whether the store is running.")
    return Trouble(
        f"The store answered {told(answer)}.",
        "Look the code up in the documentation of the store."
        if answer.code
        else "Look whether AWS_S3_ENDPOINT_URL is the address of an S3 store.",
    )

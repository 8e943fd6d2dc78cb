"""Pictures in a bucket of S3, or of a store that speaks its protocol."""

from app.providers.storage.s3.checkup import S3Checkup
from app.providers.storage.s3.signing import CloudFrontSigner, Signer, bucket_url
from app.providers.storage.s3.store import S3Storage

__all__ = ["CloudFrontSigner", "S3Checkup", "S3Storage", "Signer", "bucket_url"]

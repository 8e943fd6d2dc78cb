"""What the bucket's own settings should say, ready to be pasted."""

from __future__ import annotations

import json

from app.providers.storage.base import Document


def iam_policy(bucket: str, region: str) -> Document:
    """The rights that the access key needs, and no more."""
    partition = "aws-cn" if region.startswith("cn-") else "aws"
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"],
                "Resource": f"arn:{partition}:s3:::{bucket}/*",
            },
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:{partition}:s3:::{bucket}"},
        ],
    }
    return Document("IAM policy of the access key", json.dumps(policy, indent=2))


def cors_rules(origin: str) -> Document:
    """Who may send to the bucket from a page. Headers are named one by one, because R2 takes no `*`."""
    rules = [
        {
            "AllowedOrigins": [origin],
            "AllowedMethods": ["GET", "HEAD", "POST", "PUT"],
            "AllowedHeaders": ["content-type"],
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": 3000,
        }
    ]
    return Document("CORS rules of the bucket", json.dumps(rules, indent=2))

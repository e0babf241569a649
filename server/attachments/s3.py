"""The store of attachments in a bucket that speaks S3; needs the extra `rasoat[s3]`.

A bucket holds what a disk would: sealed bytes. S3 shows an object whole or not at all, so nothing half is ever read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from server.attachments.store import StoreError
from server.errors import UserError
from server.settings import AttachmentsSettings


class S3Store:
    """Objects of a bucket below a prefix. `client`: of boto3, or whatever has its methods."""

    def __init__(self, client: Any, bucket: str, prefix: str = "") -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def put(self, key: str, content: bytes) -> None:
        with self._translated():
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=content)

    def get(self, key: str) -> bytes | None:
        with self._translated():
            try:
                found = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
            except self._client.exceptions.NoSuchKey:
                return None
            content: bytes = found["Body"].read()
            return content

    def delete(self, keys: Iterable[str]) -> None:
        # One by one: the many-at-once request needs a checksum header that other makers' servers do not all know.
        with self._translated():
            for key in keys:
                self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    def written(self) -> Iterator[tuple[str, datetime]]:
        with self._translated():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            for page in pages:
                for one in page.get("Contents", ()):
                    yield str(one["Key"]).removeprefix(self._prefix), one["LastModified"]

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            raise StoreError(self._bucket, str(error.response.get("Error", {}).get("Code", "?"))) from None
        except BotoCoreError as error:
            raise StoreError(self._bucket, type(error).__name__) from None


def open_bucket(of: AttachmentsSettings) -> S3Store:
    """The store of the settings' bucket. Raises `UserError` without the extra or without a bucket."""
    if of.s3_bucket is None:
        raise UserError(
            "attachments_s3",
            "Chưa đặt RASOAT_ATTACHMENTS_S3_BUCKET cho nơi lưu tệp đính kèm trên S3.",
            "RASOAT_ATTACHMENTS_S3_BUCKET is not set, and attachments are to be kept on S3.",
        )
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise UserError(
            "attachments_s3",
            "Thiếu phần S3 của chương trình. Cài: pip install 'rasoat[s3]'.",
            "The S3 part is not installed. Run: pip install 'rasoat[s3]'.",
        ) from None
    client = boto3.client(
        "s3",
        endpoint_url=of.s3_endpoint_url,
        region_name=of.s3_region,
        # Without these two boto3 looks where it always does: its variables, its files, the machine's role.
        aws_access_key_id=None if of.s3_access_key is None else of.s3_access_key.get_secret_value(),
        aws_secret_access_key=None if of.s3_secret_key is None else of.s3_secret_key.get_secret_value(),
        config=Config(
            connect_timeout=10,
            read_timeout=60,
            retries={"max_attempts": 3, "mode": "standard"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    return S3Store(client, of.s3_bucket, of.s3_prefix)

"""What a file is by its content, whether it may be kept, and its thumbnail."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from server.settings import AttachmentsSettings

#: Why a file is refused.
TOO_LARGE, TYPE, EMPTY, TOO_MANY_PIXELS = "too_large", "type", "empty", "pixels"
REASONS = (TOO_LARGE, TYPE, EMPTY, TOO_MANY_PIXELS)

#: What a browser may show in the page; everything else is handed over as a file.
IMAGES = frozenset({"image/jpeg", "image/png", "image/webp"})
_SIGNATURES = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"WEBP", 8, "image/webp"),
    (b"%PDF-", 0, "application/pdf"),
)
_UNKNOWN = "application/octet-stream"
_FORMATS = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True)
class Judged:
    """A file that was looked at: its type, why it is refused (None = it is kept), and its thumbnail as JPEG."""

    media_type: str
    refused: str | None = None
    thumbnail: bytes | None = None


def judge(content: bytes, name: str, of: AttachmentsSettings) -> Judged:
    """Whether a file is kept under the settings. What it is said to be does not count, but `.csv` for text."""
    media_type = media_type_of(content, name)
    if not content:
        return Judged(media_type, EMPTY)
    if len(content) > of.max_bytes:
        return Judged(media_type, TOO_LARGE)
    if media_type not in of.allowed_types:
        return Judged(media_type, TYPE)
    if media_type not in IMAGES:
        return Judged(media_type)
    try:
        return Judged(media_type, thumbnail=thumbnail(content, of))
    except TooManyPixelsError:
        return Judged(media_type, TOO_MANY_PIXELS)


def media_type_of(content: bytes, name: str) -> str:
    """The type that the content's first bytes show; text of a `.csv` name is text/csv."""
    for signature, offset, media_type in _SIGNATURES:
        if content[offset : offset + len(signature)] == signature:
            return media_type
    return "text/csv" if name.lower().endswith(".csv") and _is_text(content) else _UNKNOWN


class TooManyPixelsError(Exception):
    """The image would need more memory than the settings allow; it was not unpacked."""


def thumbnail(content: bytes, of: AttachmentsSettings) -> bytes | None:
    """The image upright, at most `thumbnail_pixels` wide and high, without anything that was written into the file
    (EXIF holds where and when); None when it cannot be read. Raises `TooManyPixelsError`.
    """
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large images; the limit is ours
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                if image.width * image.height > of.max_pixels:
                    raise TooManyPixelsError
                image.draft("RGB", (of.thumbnail_pixels, of.thumbnail_pixels))  # a JPEG is unpacked at a fraction
                upright = ImageOps.exif_transpose(image).convert("RGB")
        upright.thumbnail((of.thumbnail_pixels, of.thumbnail_pixels))
        # Pasted on a new image: nothing of `info` is carried over.
        plain = Image.new("RGB", upright.size)
        plain.paste(upright)
        written = io.BytesIO()
        plain.save(written, "JPEG", quality=80, optimize=True)
    except Image.DecompressionBombError:
        raise TooManyPixelsError from None
    except (OSError, SyntaxError, ValueError, EOFError):  # how Pillow says that a file is broken
        return None
    return written.getvalue()


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return b"\x00" not in content

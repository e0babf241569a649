"""Submissions with files at the stand-in, and what is kept of them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import requests
from PIL import Image
from sqlalchemy import select

from server.attachments import service as attachments
from server.attachments.store import DiskStore
from server.attachments.tables import Attachment
from server.central.client import part
from server.settings import AttachmentsSettings
from tests.server.fieldwork import FORM, Field, instance_id


def jpeg(width: int = 64, height: int = 48, colour: str = "green", orientation: int | None = None) -> bytes:
    """A photo of one colour but for its upper left corner, which is white; with a place in its EXIF."""
    image = Image.new("RGB", (width, height), colour)
    image.paste("white", (0, 0, width // 4, height // 4))
    exif = image.getexif()
    exif[0x010E] = "secret-place"
    if orientation is not None:
        exif[0x0112] = orientation
    written = io.BytesIO()
    image.save(written, "JPEG", exif=exif)
    return written.getvalue()


def keeping(tmp_path: Path, **settings: Any) -> attachments.Keeping:
    """A store in a folder of its own."""
    return attachments.Keeping(DiskStore(tmp_path / "attachments"), AttachmentsSettings(**settings))


def put(field: Field, number: int, name: str, content: bytes) -> None:
    """Send a file of an interview late, as a web user would."""
    path = f"projects/{field.project_id}/forms/{FORM}/submissions/{part(instance_id(number))}/attachments/{part(name)}"
    with field.client() as connection:
        connection.send("POST", path, "attachment", data=content, headers={"Content-Type": "image/jpeg"})


def drop(field: Field, number: int, name: str) -> None:
    """Have Central lose a file."""
    path = f"projects/{field.project_id}/forms/{FORM}/submissions/{part(instance_id(number))}/attachments/{part(name)}"
    with field.client() as connection:
        connection.send("DELETE", path, "attachment")


def fault(field: Field, **of: object) -> None:
    """Have the stand-in misbehave."""
    requests.post(f"{field.stand_in.url}/-/faults", json=of).raise_for_status()


def rows(field: Field) -> dict[tuple[int, str], Attachment]:
    """What is noted, by the version's number among those of its submission and the name."""
    with field.database.session() as session:
        found = session.scalars(select(Attachment).order_by(Attachment.central_id, Attachment.version_id)).all()
    versions: dict[str, list[str]] = {}
    for one in found:
        of = versions.setdefault(one.central_id, [])
        if one.version_id not in of:
            of.append(one.version_id)
    return {(versions[one.central_id].index(one.version_id), one.name): one for one in found}


def states(field: Field) -> dict[tuple[int, str], str]:
    """Version's number and name -> state."""
    return {key: one.state for key, one in rows(field).items()}


def contents(field: Field, of: attachments.Keeping) -> dict[tuple[int, str], bytes | None]:
    """What opens of all that is noted."""
    found = rows(field)
    with field.database.session() as session:
        return {key: attachments.open_content(session, of.store, one) for key, one in found.items()}


def files_below(folder: Path) -> list[Path]:
    """Every file, parts of files among them."""
    return sorted(path for path in folder.rglob("*") if path.is_file())

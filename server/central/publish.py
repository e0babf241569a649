"""A built form to Central: draft, lists, publish. Repeating it changes nothing; what broke off is begun again.

The form that phones have stays published until the last request, which puts the whole new version in its place.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from server.central.client import Central, part
from server.central.errors import CentralError
from server.central.lists import ensure_lists
from server.errors import UserError
from server.rounds import service as rounds
from server.units import service as units

if TYPE_CHECKING:
    from forms.build import BuiltForm
    from forms.diff import Diff

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class RoundForm:
    """A round's form as built: the form, and the folder that holds its lists."""

    built: BuiltForm
    media_dir: Path


@dataclass(frozen=True)
class Published:
    """What is published at Central now; `changed` is False when it was there already."""

    project_id: int
    form_id: str
    version: str
    changed: bool


def build_round_form(
    session: Session, round_id: str, out_dir: Path, name: str = "household", *, show_proposal: bool = False
) -> RoundForm:
    """Build a round's form with its lists of communes and villages into `out_dir`.

    show_proposal: whether the enumerator sees the class that the phone proposes.

    Raises `UserError` when the round has no villages, or the form does not hold.
    """
    from forms.build import RoundConstants, build_form
    from forms.errors import FormError
    from forms.media import write_media
    from poverty import load_standard

    of = rounds.get(session, round_id)
    communes = units.units_on(session, of.unit_vintage, of.province_code)
    villages = units.villages_frame(session, of.unit_vintage, of.province_code)
    if villages.empty:
        raise UserError(
            "villages_missing",
            f"Đợt {round_id} chưa có danh sách thôn, tổ dân phố. Nhập: rasoat geo villages import TỆP.",
            f"Round {round_id} has no villages yet. Import them: rasoat geo villages import FILE.",
        )
    out_dir.mkdir(parents=True, exist_ok=True)
    constants = RoundConstants(of.round_id, of.review_date, of.province_code)
    try:
        built = build_form(name, load_standard(of.standard_id), constants, out_dir, show_proposal=show_proposal)
    except FormError as error:
        raise UserError("form_error", f"Phiếu không dựng được: {error}", f"The form cannot be built: {error}") from None
    write_media(communes, villages, out_dir)
    return RoundForm(built, out_dir)


def changes(central: Central, form: RoundForm) -> Diff | None:
    """What publishing this form would change against the published one; None for a new form, or the same version.

    Raises `CentralError`, or `UserError` where the published form cannot be read.
    """
    from forms.diff import compare
    from forms.errors import FormError

    path, what = _path(central, form)
    present = _form(central, path, what)
    if present is None or not _is_published(present) or _is_version_of(form, present["version"]):
        return None
    try:
        return compare(central.get_text(f"{path}.xml", what), form.built.xml.read_text(encoding="utf-8"))
    except FormError as error:
        raise UserError(
            "form_unreadable",
            f"Không đọc được phiếu {form.built.form_id} đang phát hành trên Central: {error}. Kiểm tra có đúng dự án "
            "không; nếu đúng, phát hành với --allow-data-loss.",
            f"The form {form.built.form_id} that is published on Central cannot be read: {error}. Check that this is "
            "the right project; if it is, publish with --allow-data-loss.",
        ) from None


def publish(central: Central, form: RoundForm) -> Published:
    """Bring Central to this form with these lists; entity lists that it reads are made first, and are not filled.

    Central refuses a version that it has seen; where only the lists changed, the version gets their digest as a suffix.
    Raises `CentralError`; a draft that is left behind is replaced the next time.
    """
    project_id = central.project_id
    built = form.built
    path, what = _path(central, form)
    files = {name: (form.media_dir / name).read_bytes() for name in built.attachments}
    ensure_lists(central, built.lists)
    present = _form(central, path, what)
    if present is not None and _is_published(present):
        if present["state"] != "open":
            central.send("PATCH", path, what, json={"state": "open"})
        if _is_version_of(form, present["version"]) and _same_lists(central, path, what, files, built.lists):
            return Published(project_id, built.form_id, present["version"], changed=present["state"] != "open")
        versions = {one["version"] for one in central.get_json(f"{path}/versions", what)}
    else:
        versions = set()
    target = f"projects/{project_id}/forms" if present is None else f"{path}/draft"
    central.send(
        "POST",
        target,
        what,
        data=built.xlsx.read_bytes(),
        headers={"Content-Type": _XLSX, "X-XlsForm-FormId-Fallback": built.form_id},
        params={"ignoreWarnings": "true"},
    )
    for name, content in files.items():
        central.send(
            "POST",
            f"{path}/draft/attachments/{part(name)}",
            f"{what}: {name}",
            data=content,
            headers={"Content-Type": "text/csv"},
        )
    slots = {one["name"]: one for one in central.get_json(f"{path}/draft/attachments", what)}
    for name in (f"{one}.csv" for one in built.lists):
        if not slots[name]["datasetExists"]:
            slot = f"{path}/draft/attachments/{part(name)}"
            central.send("PATCH", slot, f"{what}: {name}", json={"dataset": True})
    version = _free_version(form, files, versions)
    central.send("POST", f"{path}/draft/publish", what, params={"version": version})
    return Published(project_id, built.form_id, version, changed=True)


def _path(central: Central, form: RoundForm) -> tuple[str, str]:
    """Where Central keeps the form, and what to call it in errors."""
    form_id = form.built.form_id
    return f"projects/{central.project_id}/forms/{part(form_id)}", f"form {form_id}"


def _form(central: Central, path: str, what: str) -> dict[str, Any] | None:
    try:
        answer = central.get_json(path, what)
    except CentralError as error:
        if error.code == "central_not_found":
            # Of the project or of the form? Publishing into a missing project must not read as a missing form.
            central.get_json(path.rpartition("/forms/")[0], f"project {central.project_id}")
            return None
        raise
    return answer if isinstance(answer, dict) else None


def _is_published(form: dict[str, Any]) -> bool:
    return form.get("publishedAt") is not None


def _is_version_of(form: RoundForm, version: str) -> bool:
    """Whether it is this very form, with whatever lists."""
    return version == form.built.version or version.startswith(f"{form.built.version}-")


def _free_version(form: RoundForm, files: dict[str, bytes], taken: set[str]) -> str:
    if form.built.version not in taken:
        return form.built.version
    lists = hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()[:8]
    version, again = f"{form.built.version}-{lists}", 1
    while version in taken:  # the lists are as they once were
        again += 1
        version = f"{form.built.version}-{lists}-{again}"
    return version


def _same_lists(central: Central, path: str, what: str, files: dict[str, bytes], entity_lists: tuple[str, ...]) -> bool:
    held = {one["name"]: one for one in central.get_json(f"{path}/attachments", what)}
    # Central's hash is MD5; it says whether the content is the same, no more.
    return all(
        held.get(name, {}).get("hash") == hashlib.md5(content, usedforsecurity=False).hexdigest()
        for name, content in files.items()
    ) and all(held.get(f"{name}.csv", {}).get("datasetExists") for name in entity_lists)

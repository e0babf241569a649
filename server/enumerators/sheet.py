"""The printed sheet: a card with a QR code for each person, which sets ODK Collect up; and the same as settings files.

A card holds the phone's token: whoever photographs it is that phone. The files can be read by their owner alone.
"""

from __future__ import annotations

import base64
import html
import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import segno

from server.enumerators.service import Phone
from server.enumerators.tables import INTERVIEWER
from server.settings import CentralSettings

SHEET = "ma-qr.html"
_ROLES = {INTERVIEWER: "Rà soát viên"}
_STYLE = """
@page { size: A4; margin: 12mm }
body { font: 11pt/1.4 "Be Vietnam Pro", "Noto Sans", sans-serif; margin: 0; color: #000; background: #fff }
h1 { font-size: 13pt; margin: 0 0 4mm }
.cards { display: grid; grid-template-columns: 1fr 1fr; gap: 6mm }
.card { border: .3mm solid #000; padding: 5mm; break-inside: avoid }
.card svg { width: 100%; height: auto; display: block }
.code { font-size: 16pt; font-weight: 700 }
.note { font-size: 9pt }
"""


def collect_settings(central: CentralSettings, project_id: int, phone: Phone) -> dict[str, Any]:
    """What ODK Collect is set up with, as its settings file. Without a token there is nothing to set up: ValueError.

    Forms follow the server exactly, finished interviews leave by themselves, sent ones stay, so that they can be
    edited; the username is the code that the forms filter their lists by. No administrator's password.
    """
    if phone.token is None:
        raise ValueError("a phone without a token")
    server = (central.phone_url or central.url or "").rstrip("/")
    return {
        "general": {
            "server_url": f"{server}/v1/key/{phone.token}/projects/{project_id}",
            "metadata_username": phone.code,
            "form_update_mode": "match_exactly",
            "autosend": "wifi_and_cellular",
            "delete_send": False,
        },
        "admin": {},
        "project": {"name": f"Rà soát {phone.round_id} · {phone.code}"},
    }


def qr_text(settings: dict[str, Any]) -> str:
    """The text of a QR code that Collect reads: base64 of the compressed JSON."""
    return base64.b64encode(zlib.compress(json.dumps(settings, ensure_ascii=False).encode(), 9)).decode()


def write_sheet(folder: Path, central: CentralSettings, project_id: int, people: Sequence[Phone]) -> list[Path]:
    """Write the sheet of those who have a phone and a settings file each into `folder`; the files, the sheet first.

    The folder and the files are their owner's alone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    with_phone = [one for one in people if one.token is not None]
    written = [folder / SHEET]
    cards = []
    for one in with_phone:
        settings = collect_settings(central, project_id, one)
        cards.append(_card(one, settings))
        written.append(folder / f"{one.code}.json")
        _write_private(written[-1], json.dumps(settings, ensure_ascii=False, indent=2))
    _write_private(written[0], _page(with_phone[0].round_id if with_phone else "", cards))
    return written


def _card(phone: Phone, settings: dict[str, Any]) -> str:
    code = segno.make_qr(qr_text(settings), error="l")
    drawing = code.svg_inline(border=4, omitsize=True)
    role = _ROLES.get(phone.role, "Người kiểm tra lại")
    return (
        f'<section class="card"><div class="code">{html.escape(phone.code)}</div>'
        f"<div>{html.escape(phone.name)} · {role}</div>{drawing}"
        '<p class="note">ODK Collect: Thêm dự án, quét mã này. Mã là chìa khóa vào danh sách hộ: không chụp, không '
        "gửi cho người khác. Mất máy: báo ngay để thu hồi.</p></section>"
    )


def _page(round_id: str, cards: Sequence[str]) -> str:
    title = f"Mã QR cài đặt điện thoại · đợt {html.escape(round_id)}"
    return (
        f'<!doctype html><html lang="vi"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f'<h1>{title}</h1><div class="cards">{"".join(cards)}</div></html>'
    )


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)

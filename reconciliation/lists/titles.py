"""What the lines above the headings and the sheet's name say of the whole sheet: year, status, commune, village."""

from __future__ import annotations

import re

from reconciliation.lists.cells import text_of
from reconciliation.lists.headings import Block
from reconciliation.lists.words import status_in
from reconciliation.lists.workbook import Sheet
from reconciliation.names import fold, nfc

_YEAR = re.compile(r"\bnam\s*:?\s*(20\d\d)\b")
_COMMUNE = re.compile(r"^(?:ubnd|uy ban nhan dan|don vi)?\s*:?\s*(?:xa|phuong|thi tran)\s*[:.]?\s*\S")
_DISTRICT = re.compile(r"^(?:huyen|thi xa|thanh pho|tx|tp)\b\s*[:.]?\s*\S.{0,30}$")
_OFFICE = re.compile(r"^\s*(?:UBND|U[ỷy] ban nhân dân|Uỷ ban nhân dân|Ủy ban nhân dân|Đơn vị)\s*:?\s*", re.I)
_VILLAGE = re.compile(r"^(?:thon|xom|khu pho|khu dan cu|to dan pho|tdp|ap|lang)\b\s*[:.]?\s*\S")


def facts_of(sheet: Sheet, block: Block) -> dict[str, str]:
    """`year`, `status`, `commune`, `district`, `village` where the title or the sheet's name names exactly one."""
    lines: list[str] = []
    for row in sheet.rows[: block.top]:
        texts = [text_of(sheet.plain(cell) if isinstance(cell, str) else cell) for cell in row]
        lines += [nfc(text) for text in texts if text is not None]
    folded = [fold(line) for line in lines]
    named = fold(sheet.name)
    facts: dict[str, str] = {}
    titles = [line for line in folded if "danh sach" in line] or folded
    years = {year for line in titles for year in _YEAR.findall(line)} or {
        year for line in folded for year in _YEAR.findall(line)
    }
    if len(years) == 1:
        facts["year"] = years.pop()
    # The sheet's name is written per sheet; titles are copied from sheet to sheet.
    statuses = {status} if (status := status_in(named)) else {s for line in folded if (s := status_in(line))}
    if len(statuses) == 1:
        facts["status"] = statuses.pop()
    communes = {
        fold(short): short
        for line, plain in zip(lines, folded, strict=True)
        if _COMMUNE.match(plain) and len(short := re.split(r"[,;–]| - ", _OFFICE.sub("", line))[0].strip()) < 60
    }
    if len(communes) == 1:
        facts["commune"] = next(iter(communes.values())).replace(":", "").strip()
    parts = [nfc(part) for line in lines for part in re.split(r"[,;–]| - ", line)]
    districts = {fold(short): short for part in parts if _DISTRICT.match(fold(short := _OFFICE.sub("", part)))}
    if len(districts) == 1:
        facts["district"] = next(iter(districts.values()))
    villages = {fold(line): line for line in [sheet.name, *lines] if _VILLAGE.match(fold(line)) and len(line) < 60}
    if len(villages) == 1:
        facts["village"] = re.split(r"[,;–]| - ", next(iter(villages.values())))[0].strip()
    return facts


def is_escaped(sheet: Sheet, block: Block) -> bool:
    """Whether the sheet lists households that escaped poverty (thoát nghèo), who are on no list any more."""
    texts = [fold(sheet.name)]
    for row in sheet.rows[: block.top]:
        texts += [fold(text) for cell in row if isinstance(cell, str) and (text := text_of(sheet.plain(cell)))]
    titles = [text for text in texts if "thoat" in text and "ngheo" in text]
    return bool(titles) and not any("thoat" not in text and "ngheo" in text for text in texts)

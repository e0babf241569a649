"""The mapping file: which column of a list is what, guessed once, confirmed by a person, used again every year.

Columns are known by their headings, so one mapping serves every list of the same template, whatever the order of
its columns and the lines above them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from reconciliation.lists.encodings import TEXT_ENCODINGS, UNICODE
from reconciliation.lists.headings import FIELDS, NAME_FIELDS, key_of
from reconciliation.lists.households import STARTS
from reconciliation.registry import STATUSES, RegistryError, Said

_VERSION = 1
#: A guess below this wants a look.
SURE = 0.7
_HEADER = """\
# Ánh xạ cột của danh sách hộ nghèo, hộ cận nghèo. Xem lại từng cột, sửa `field` nếu đoán sai, rồi đặt
# `confirmed: true`. `fill: above` nghĩa là ô trống lấy giá trị của ô phía trên. Mẫu đã che: X, x thay cho
# chữ, 9 thay cho số. Trang không ghi thì thêm vào mục của nó: `status: poor` (hộ nghèo) hoặc `near_poor` (hộ cận
# nghèo), `year`, `commune`, `district`, `village`.
# Columns of a list of poor and near-poor households. Look at each, correct `field` where the guess is wrong, then set
# `confirmed: true`. `fill: above`: a blank cell takes the value above it. Samples are masked: X, x for letters, 9 for
# digits. What a sheet does not say can be added to its entry: `status: poor` or `near_poor`, `year`, `commune`,
# `district`, `village`. Values of `field` / Các giá trị của `field`:
"""


@dataclass(frozen=True)
class ColumnRule:
    """What the column under a heading holds.

    heading: its path, «Năm sinh / Nam». field: one of `headings.FIELDS`. fill: `above` where a blank cell means the
    cell above, else `none`. text: encoding of its text. certainty (0 to 1) and samples (masked) are for the person
    who confirms; reading does not use them.
    """

    heading: str
    field: str
    fill: str = "none"
    text: str = UNICODE
    certainty: float = 1.0
    samples: tuple[str, ...] = ()


@dataclass(frozen=True)
class SheetRule:
    """How one sheet is read. status, year, commune, district, village: of the whole sheet, where no column or dividing
    row says it; None takes what its title or name says (`found` shows that)."""

    name: str
    use: bool = True
    households_by: str = "auto"
    status: str | None = None
    year: int | None = None
    commune: str | None = None
    district: str | None = None
    village: str | None = None
    found: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mapping:
    """Columns by heading, and sheets by name. Nothing is imported with a mapping that nobody confirmed."""

    columns: tuple[ColumnRule, ...]
    sheets: tuple[SheetRule, ...] = ()
    confirmed: bool = False

    def rule_for(self, heading: str) -> ColumnRule | None:
        """The rule of a heading, compared without tones, capitals or spacing."""
        key = key_of(heading)
        return next((rule for rule in self.columns if key_of(rule.heading) == key), None)

    def sheet(self, name: str) -> SheetRule | None:
        """The rule of a sheet, None when the mapping does not know its name."""
        key = key_of(name)
        return next((rule for rule in self.sheets if key_of(rule.name) == key), None)

    def unsure(self) -> list[ColumnRule]:
        """Columns whose guess wants a look first."""
        return [rule for rule in self.columns if rule.certainty < SURE]

    def confirm(self) -> Mapping:
        """The same mapping, confirmed."""
        return replace(self, confirmed=True)

    def save(self, path: Path) -> None:
        """Write the mapping as YAML, with an explanation on top. Holds headings and masked samples, no person."""
        columns = [
            {
                "heading": rule.heading,
                "field": rule.field,
                **({"fill": rule.fill} if rule.fill != "none" else {}),
                **({"text": rule.text} if rule.text != UNICODE else {}),
                "certainty": round(rule.certainty, 2),
                "samples": list(rule.samples),
            }
            for rule in self.columns
        ]
        sheets = [
            {key: value for key, value in vars(rule).items() if value is not None and value != {}}
            for rule in self.sheets
        ]
        fields = "".join(f"#   {name}: {label.vi} / {label.en}\n" for name, label in FIELDS.items())
        document = {"version": _VERSION, "confirmed": self.confirmed, "columns": columns, "sheets": sheets}
        path.write_text(
            _HEADER + fields + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120),
            encoding="utf-8",
        )

    @staticmethod
    def load(path: Path) -> Mapping:
        """Read a mapping file. Raises `RegistryError` naming what in it cannot stand."""
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RegistryError(
                path.name, "không có tệp ánh xạ này; kiểm tra lại đường dẫn", "no such mapping file; check the path"
            ) from None
        except (yaml.YAMLError, UnicodeDecodeError):
            raise RegistryError(
                path.name,
                "không đọc được như YAML; đoán lại ánh xạ từ tệp danh sách",
                "cannot be read as YAML; guess the mapping from the list again",
            ) from None
        if not isinstance(document, dict) or document.get("version") != _VERSION:
            raise RegistryError(
                path.name,
                f"không phải tệp ánh xạ bản {_VERSION}; đoán lại từ tệp danh sách",
                f"is no mapping file of version {_VERSION}; guess it from the list again",
            )
        columns = tuple(_column(path, item) for item in _items(path, document, "columns"))
        if not any(rule.field in NAME_FIELDS for rule in columns):
            raise RegistryError(
                path.name,
                "chưa có cột họ tên (field: full_name); chọn cột họ tên",
                "no column holds the names (field: full_name); choose it",
            )
        keys = [key_of(rule.heading) for rule in columns]
        if len(set(keys)) < len(keys):
            raise RegistryError(
                path.name,
                "có hai cột cùng tiêu đề trong columns; bỏ một cột",
                "columns holds the same heading twice; remove one",
            )
        sheets = tuple(_sheet(path, item) for item in _items(path, document, "sheets"))
        return Mapping(columns, sheets, document.get("confirmed") is True)


def _items(path: Path, document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    items = document.get(key) or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise RegistryError(
            path.name,
            f"mục {key} phải là danh sách; đoán lại ánh xạ từ tệp danh sách",
            f"{key} must be a list; guess the mapping from the list again",
        )
    return items


def _part(where: Said, key: str) -> Said:
    return Said(f"{where.vi}: {key}", f"{where.en}: {key}")


def _one_of(path: Path, where: Said, value: object, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise RegistryError(
            path.name,
            f"{where.vi} phải là một trong: {', '.join(allowed)}",
            f"{where.en} must be one of: {', '.join(allowed)}",
        )
    return str(value)


def _column(path: Path, item: dict[str, Any]) -> ColumnRule:
    heading = str(item.get("heading") or "")
    if not heading:
        raise RegistryError(
            path.name,
            "một mục của columns thiếu heading; ghi tiêu đề cột như trên trang",
            "an entry of columns lacks heading; write the column's heading as on the sheet",
        )
    where = Said(f"cột «{heading}»", f"column «{heading}»")
    certainty = item.get("certainty", 1.0)
    return ColumnRule(
        heading,
        _one_of(path, _part(where, "field"), item.get("field"), tuple(FIELDS)),
        _one_of(path, _part(where, "fill"), item.get("fill", "none"), ("none", "above")),
        _one_of(path, _part(where, "text"), item.get("text", UNICODE), TEXT_ENCODINGS),
        float(certainty) if isinstance(certainty, int | float) else 0.0,
        tuple(str(sample) for sample in item.get("samples") or ()),
    )


def _text(item: dict[str, Any], key: str) -> str | None:
    return None if item.get(key) is None else str(item[key])


def _sheet(path: Path, item: dict[str, Any]) -> SheetRule:
    name = str(item.get("name") or "")
    if not name:
        raise RegistryError(
            path.name,
            "một mục của sheets thiếu name; ghi tên trang",
            "an entry of sheets lacks name; write the sheet's",
        )
    where = Said(f"trang «{name}»", f"sheet «{name}»")
    status, year = item.get("status"), item.get("year")
    if status is not None:
        _one_of(path, _part(where, "status"), status, tuple(STATUSES))
    if year is not None and not isinstance(year, int):
        raise RegistryError(
            path.name, f"{where.vi}: year phải là năm có 4 chữ số", f"{where.en}: year must be a year of 4 digits"
        )
    found = item.get("found") or {}
    return SheetRule(
        name,
        item.get("use", True) is not False,
        _one_of(path, _part(where, "households_by"), item.get("households_by", "auto"), STARTS),
        status,
        year,
        _text(item, "commune"),
        _text(item, "district"),
        _text(item, "village"),
        {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {},
    )

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
from reconciliation.registry import STATUSES, RegistryError

_VERSION = 1
#: A guess below this wants a look.
SURE = 0.7
_HEADER = """\
# Ánh xạ cột của danh sách hộ nghèo, hộ cận nghèo. Xem lại từng cột, sửa `field` nếu đoán sai, rồi đặt
# `confirmed: true`. `fill: above` nghĩa là ô trống lấy giá trị của ô phía trên. Mẫu đã che: X, x thay cho
# chữ, 9 thay cho số. Các giá trị của `field`:
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
    """How one sheet is read. status, year, commune, village: of the whole sheet, where no column or dividing row says
    it; None takes what its title or name says (`found` shows that)."""

    name: str
    use: bool = True
    households_by: str = "auto"
    status: str | None = None
    year: int | None = None
    commune: str | None = None
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
        fields = "".join(f"#   {name}: {label}\n" for name, label in FIELDS.items())
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
            raise RegistryError(f"{path.name}: không có tệp ánh xạ này; kiểm tra lại đường dẫn") from None
        except (yaml.YAMLError, UnicodeDecodeError):
            raise RegistryError(f"{path.name}: không đọc được như YAML; đoán lại ánh xạ từ tệp danh sách") from None
        if not isinstance(document, dict) or document.get("version") != _VERSION:
            raise RegistryError(f"{path.name}: không phải tệp ánh xạ bản {_VERSION}; đoán lại từ tệp danh sách")
        columns = tuple(_column(path, item) for item in _items(path, document, "columns"))
        if not any(rule.field in NAME_FIELDS for rule in columns):
            raise RegistryError(f"{path.name}: chưa có cột họ tên (field: full_name); chọn cột họ tên")
        keys = [key_of(rule.heading) for rule in columns]
        if len(set(keys)) < len(keys):
            raise RegistryError(f"{path.name}: có hai cột cùng tiêu đề trong columns; bỏ một cột")
        sheets = tuple(_sheet(path, item) for item in _items(path, document, "sheets"))
        return Mapping(columns, sheets, document.get("confirmed") is True)


def _items(path: Path, document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    items = document.get(key) or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise RegistryError(f"{path.name}: mục {key} phải là danh sách; đoán lại ánh xạ từ tệp danh sách")
    return items


def _one_of(path: Path, where: str, value: object, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise RegistryError(f"{path.name}: {where} phải là một trong: {', '.join(allowed)}")
    return str(value)


def _column(path: Path, item: dict[str, Any]) -> ColumnRule:
    heading = str(item.get("heading") or "")
    if not heading:
        raise RegistryError(f"{path.name}: một mục của columns thiếu heading; ghi tiêu đề cột như trên trang")
    where = f"cột «{heading}»"
    certainty = item.get("certainty", 1.0)
    return ColumnRule(
        heading,
        _one_of(path, f"{where}: field", item.get("field"), tuple(FIELDS)),
        _one_of(path, f"{where}: fill", item.get("fill", "none"), ("none", "above")),
        _one_of(path, f"{where}: text", item.get("text", UNICODE), TEXT_ENCODINGS),
        float(certainty) if isinstance(certainty, int | float) else 0.0,
        tuple(str(sample) for sample in item.get("samples") or ()),
    )


def _sheet(path: Path, item: dict[str, Any]) -> SheetRule:
    name = str(item.get("name") or "")
    if not name:
        raise RegistryError(f"{path.name}: một mục của sheets thiếu name; ghi tên trang")
    where = f"trang «{name}»"
    status, year = item.get("status"), item.get("year")
    if status is not None:
        _one_of(path, f"{where}: status", status, tuple(STATUSES))
    if year is not None and not isinstance(year, int):
        raise RegistryError(f"{path.name}: {where}: year phải là năm có 4 chữ số")
    found = item.get("found") or {}
    return SheetRule(
        name,
        item.get("use", True) is not False,
        _one_of(path, f"{where}: households_by", item.get("households_by", "auto"), STARTS),
        status,
        year,
        None if item.get("commune") is None else str(item["commune"]),
        None if item.get("village") is None else str(item["village"]),
        {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {},
    )

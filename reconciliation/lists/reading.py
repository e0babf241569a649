"""A list read with its mapping: sheets to persons' lines, lines to households, households to the registry's frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciliation.lists.assembly import assemble
from reconciliation.lists.encodings import decode
from reconciliation.lists.facts import Defaults, Found
from reconciliation.lists.headings import (
    FIELDS,
    NAME_FIELDS,
    OWN_HEADINGS,
    Block,
    find_block,
    key_of,
)
from reconciliation.lists.households import assign
from reconciliation.lists.mapping import ColumnRule, Mapping, SheetRule
from reconciliation.lists.rows import Remark, lines_of
from reconciliation.lists.titles import facts_of
from reconciliation.lists.units import Resolver, by_code
from reconciliation.lists.workbook import Limits, Sheet, read_sheets
from reconciliation.registry import Registry, RegistryError, Said

#: Fields a list must have a column for when its mapping has one: without them households would be read wrongly.
_ESSENTIAL = (
    "household_code",
    "household_no",
    "year",
    "commune",
    "status",
    "mark_poor",
    "mark_near_poor",
    "member_no",
    "full_name",
    "head_name",
)
_UNKNOWN_HEADING = Said(
    "tiêu đề chưa có trong tệp ánh xạ, bỏ qua cột; thêm vào tệp ánh xạ nếu cần dùng",
    "the mapping file does not have this heading, its column is passed over; add it there if it is needed",
)
_OWN_COLUMNS = tuple(ColumnRule(heading, field) for heading, field in OWN_HEADINGS.items())


@dataclass
class SheetRead:
    """One sheet as it was read: where its headings stand, which column is what, and what was found."""

    sheet: Sheet
    block: Block
    columns: dict[int, ColumnRule]  # by column, counted from 0
    found: Found


@dataclass
class Reading:
    """Everything one pass over a file gave: the registry, and the sheets behind it (for the file of rejected rows)."""

    registry: Registry
    sheets: list[SheetRead]


def read_list(
    path: Path,
    mapping: Mapping,
    *,
    year: int | None = None,
    commune_code: str | None = None,
    resolve: Resolver | None = None,
    dry_run: bool = False,
    limits: Limits | None = None,
) -> Registry:
    """Read a list of poor and near-poor households as a commune keeps it.

    mapping: confirmed, as `guess_mapping` made it and a person saw it; an unconfirmed one only with `dry_run`.
    year, commune_code: of the list, where neither a column nor the mapping nor a title says it.
    resolve: an old commune (code or name, with its vintage) to today's code; without it only codes are taken.

    A household that cannot stand (no status, no code where the list has codes, contradicting lines, a commune that
    cannot be placed) is left out whole and reported; the rest is taken. Where the list has no household codes,
    temporary ones are given, the same each time the file is read. `households` has a column `phone` where the list
    has telephones.

    Raises `RegistryError`, and reads nothing, when the file as a whole cannot be right: unreadable, too large, no
    headings, no rows, a doubled or missing column, several years, only communes of another province.
    """
    return read(
        path, mapping, year=year, commune_code=commune_code, resolve=resolve, dry_run=dry_run, limits=limits
    ).registry


def read(
    path: Path,
    mapping: Mapping,
    *,
    year: int | None = None,
    commune_code: str | None = None,
    resolve: Resolver | None = None,
    dry_run: bool = False,
    limits: Limits | None = None,
) -> Reading:
    """As `read_list`, with the sheets behind the registry."""
    if not (mapping.confirmed or dry_run):
        raise RegistryError(
            path.name,
            "ánh xạ cột chưa được xác nhận; xem lại các cột rồi đặt confirmed: true trong tệp ánh xạ",
            "nobody has confirmed the mapping of its columns; look at them, then set confirmed: true there",
        )
    sheets: list[SheetRead] = []
    nearest: list[str] = []
    for sheet in read_sheets(path, limits):
        rule = mapping.sheet(sheet.name)
        if rule is not None and not rule.use:
            continue
        read_sheet = _read_sheet(path, sheet, rule, mapping, nearest)
        if read_sheet is not None:
            sheets.append(read_sheet)
    if not sheets:
        missing = nearest or [rule.heading for rule in mapping.columns if rule.field in _ESSENTIAL]
        raise RegistryError(
            path.name,
            f"không trang nào có dòng tiêu đề như tệp ánh xạ; thiếu cột {', '.join(missing)};"
            " thêm cột đúng tên rồi nhập lại",
            f"no sheet has a line of headings as in the mapping file; columns missing: {', '.join(missing)};"
            " add them with these names and import again",
        )
    if not any(sheet.found.lines for sheet in sheets):
        raise RegistryError(
            path.name,
            "danh sách trống: không có dòng dữ liệu nào dưới dòng tiêu đề; ghi các hộ rồi nhập lại",
            "the list is empty: no row of data stands under the headings; write the households and import again",
        )
    defaults = Defaults(year=year, commune=commune_code, resolve=resolve or by_code, check_province=resolve is not None)
    registry = assemble(path.name, [sheet.found for sheet in sheets], defaults)
    return Reading(registry, sheets)


def _read_sheet(
    path: Path, sheet: Sheet, rule: SheetRule | None, mapping: Mapping, nearest: list[str]
) -> SheetRead | None:
    """One sheet, or None when it is none of the mapping's; `nearest` gathers the headings it lacked."""
    known = {key_of(column.heading): column for column in (*_OWN_COLUMNS, *mapping.columns)}

    def worth(paths: dict[int, str]) -> float:
        rules = [known[key] for path in paths.values() if (key := key_of(path)) in known]
        return float(len(rules)) if any(found.field in NAME_FIELDS for found in rules) else 0.0

    block = find_block(sheet, worth)
    if block is None:
        return None
    columns = {column: known[key] for column, path in block.paths.items() if (key := key_of(path)) in known}
    missing = _missing(mapping, columns, rule)
    if missing and rule is None and mapping.sheets:
        nearest.extend(heading for heading in missing if heading not in nearest)
        return None  # a sheet that nobody saw when the mapping was made, and another thing
    where = Said(f"trang «{sheet.name}», dòng {block.top + 1}", f"sheet «{sheet.name}», row {block.top + 1}")
    if missing:
        raise RegistryError(
            path.name,
            f"{where.vi}: thiếu cột {', '.join(missing)}; thêm cột đúng tên, hoặc đoán lại ánh xạ",
            f"{where.en}: columns missing: {', '.join(missing)}; add them with these names, or guess the mapping again",
        )
    columns_of: dict[str, str] = {}
    for column in columns.values():
        if column.field != "ignore" and column.field in columns_of:
            raise RegistryError(
                path.name,
                f"{where.vi}: hai cột «{columns_of[column.field]}» và «{column.heading}» cùng là"
                f" {FIELDS[column.field].vi}; trong tệp ánh xạ để một cột là ignore",
                f"{where.en}: the columns «{columns_of[column.field]}» and «{column.heading}» are both"
                f" {FIELDS[column.field].en}; in the mapping file set one to ignore",
            )
        columns_of[column.field] = column.heading
    found = _found(sheet, block, columns, rule, columns_of)
    return SheetRead(sheet, block, columns, found)


def _missing(mapping: Mapping, columns: dict[int, ColumnRule], rule: SheetRule | None) -> list[str]:
    present = {column.field for column in columns.values()}
    pinned = {name for name in ("year", "commune", "status") if rule is not None and getattr(rule, name) is not None}
    if not present.isdisjoint(NAME_FIELDS):
        # Sheets of one file may name the head's column and the members' column differently.
        pinned |= set(NAME_FIELDS)
    # Sheets of one file may differ, and another's column may be replaced by a title here; never the code.
    needed = ("household_code",) if len(mapping.sheets) > 1 else _ESSENTIAL
    return [c.heading for c in mapping.columns if c.field in needed and c.field not in present | pinned]


def _found(
    sheet: Sheet, block: Block, columns: dict[int, ColumnRule], rule: SheetRule | None, columns_of: dict[str, str]
) -> Found:
    taken = {column: found for column, found in columns.items() if found.field != "ignore"}
    above = {found.field for found in taken.values() if found.fill == "above"}

    def decoded(column: int, text: str) -> str:
        return decode(text, columns[column].text) if column in columns else sheet.plain(text)

    fields = {column: found.field for column, found in taken.items()}
    lines = lines_of(sheet, block, fields, frozenset(above - {"household_code"}), decoded)
    by = rule.households_by if rule is not None else "auto"
    labels, homeless = assign(lines.people, by, inherit_code="household_code" in above)
    unknown = [
        Remark(block.top + 1, path, _UNKNOWN_HEADING) for column, path in block.paths.items() if column not in columns
    ]
    return Found(
        sheet.name,
        block.top + 1,
        lines.people,
        labels,
        [*unknown, *lines.remarks, *homeless],
        columns_of,
        rule or SheetRule(sheet.name),
        facts_of(sheet, block),
    )

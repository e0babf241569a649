"""A first mapping of a list nobody has read yet: columns by their headings, held against what stands below them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from reconciliation.lists.cells import Cell, birth_of, is_ditto, text_of
from reconciliation.lists.encodings import decode, detect
from reconciliation.lists.headings import (
    Block,
    field_of,
    find_block,
    guessed_worth,
    key_of,
    siblings_of,
)
from reconciliation.lists.households import assign, codes_on_heads_only, starts_of
from reconciliation.lists.mapping import ColumnRule, Mapping, SheetRule
from reconciliation.lists.rows import BIRTH_FIELDS, Line, is_ticked, lines_of
from reconciliation.lists.titles import facts_of, is_escaped
from reconciliation.lists.words import code_of, ethnicity_of
from reconciliation.lists.workbook import Limits, Sheet, read_sheets
from reconciliation.registry import RegistryError

_SAMPLES = 3
_LOOKED_AT = 400
_ROWS = 3000  # of a sheet are enough to guess by
# Never the status: a class forgotten is not the neighbour's. (Cells merged over several rows are filled as it is.)
_FILLED = ("village", "village_id", "commune", "district", "year")


def guess_mapping(path: Path, limits: Limits | None = None) -> Mapping:
    """Guess what each column of a list is, for a person to confirm.

    The certainty of a column is that of its heading, lowered where its cells do not look like it. Samples are masked:
    letters as x, digits as 9. Sheets without headings, hidden sheets and lists of households that escaped poverty are
    there with `use: false`.

    Raises `RegistryError` when the file cannot be read or no sheet has headings with a name.
    """
    columns: dict[str, ColumnRule] = {}
    sheets: list[SheetRule] = []
    for whole in read_sheets(path, limits):
        sheet = replace(whole, rows=whole.rows[:_ROWS])
        block = find_block(sheet, guessed_worth)
        if block is None:
            sheets.append(SheetRule(sheet.name, use=False))
            continue
        if sheet.hidden or is_escaped(sheet, block):
            sheets.append(SheetRule(sheet.name, use=False, found=facts_of(sheet, block)))
            continue
        rules, lines = _columns(sheet, block)
        for rule in rules:
            known = columns.get(key_of(rule.heading), rule)
            surer = max(known, rule, key=lambda one: one.certainty)
            # A sheet too short to show that blanks mean "as above" does not deny it.
            above = surer.field == known.field == rule.field and "above" in (known.fill, rule.fill)
            columns[key_of(rule.heading)] = replace(surer, fill="above") if above else surer
        by = starts_of(lines) if lines else "auto"
        sheets.append(SheetRule(sheet.name, households_by=by, found=facts_of(sheet, block)))
    if not columns:
        raise RegistryError(
            path.name,
            "không trang nào có dòng tiêu đề với cột họ tên; thiếu cột Họ và tên; thêm dòng tiêu đề",
            "no sheet has a line of headings with a column of names; column Họ và tên missing; add a line of headings",
        )
    return Mapping(tuple(columns.values()), tuple(sheets))


def mask(text: str) -> str:
    """A text's shape without its content: letters as X and x, digits as 9."""
    return "".join("9" if c.isdigit() else ("X" if c.isupper() else "x") if c.isalpha() else c for c in text)


def _columns(sheet: Sheet, block: Block) -> tuple[list[ColumnRule], list[Line]]:
    siblings = siblings_of(block.paths)
    guesses = {column: field_of(path, siblings[column]) for column, path in block.paths.items()}
    guesses = _one_each(guesses)
    texts = {column: _texts(sheet, block, column) for column in block.paths}
    encodings = {column: detect(texts[column]) or sheet.encoding for column in texts}

    def decoded(column: int, text: str) -> str:
        return decode(text, encodings.get(column, sheet.encoding))

    fields = {column: field for column, (field, _) in guesses.items() if field != "ignore"}
    lines = lines_of(sheet, block, fields, frozenset(), decoded).people
    rules = []
    for column, path in block.paths.items():
        field, certainty = guesses[column]
        cells = [line.values[field] for line in lines[:_LOOKED_AT] if field in line.values]
        # Without a single cell nothing speaks for the guess but its heading.
        fits = _share(cells, _FITS.get(field)) if cells else 0.8
        seen = cells if field != "ignore" else [decoded(column, text) for text in texts[column]]
        samples = [text for cell in seen[:_SAMPLES] if (text := text_of(cell))]
        fill = "above" if field in _FILLED and _written_once(lines, field) else "none"
        if field == "household_code" and codes_on_heads_only(lines):
            fill = "above"
        rules.append(
            ColumnRule(
                path,
                field,
                fill,
                encodings[column],
                certainty * fits if field != "ignore" else certainty,
                tuple(mask(sample) for sample in samples),
            )
        )
    return rules, lines


def _one_each(guesses: dict[int, tuple[str, float]]) -> dict[int, tuple[str, float]]:
    """Of two columns guessed alike the surer, or the first, keeps its field."""
    holder: dict[str, int] = {}
    result = dict(guesses)
    for column, (field, certainty) in guesses.items():
        if field == "ignore":
            continue
        other = holder.get(field)
        if other is not None:
            loser, keeper = (other, column) if certainty > guesses[other][1] else (column, other)
            result[loser] = ("ignore", 0.3)
            holder[field] = keeper
        else:
            holder[field] = column
    return result


def _texts(sheet: Sheet, block: Block, column: int) -> list[str]:
    rows = range(block.bottom + 1, min(len(sheet.rows), block.bottom + 1 + _LOOKED_AT))
    cells = (sheet.cell(row, column) for row in rows)
    texts = (cell if isinstance(cell, str) else text_of(cell) for cell in cells)
    return [text for text in texts if text]


def _written_once(lines: list[Line], field: str) -> bool:
    """Whether a column of the household is written where it changes only: the first line has it, some openings of
    households do not, and no two that follow one another say the same."""
    if not lines or field not in lines[0].values:
        return False
    labels, _ = assign(lines, "auto", inherit_code=codes_on_heads_only(lines))
    opened: dict[str, str | None] = {}
    for line, label in zip(lines, labels, strict=True):
        if label is not None:
            opened.setdefault(label, text_of(line.values.get(field)))
    said = list(opened.values())
    return None in said and not any(one is not None and one == other for one, other in pairwise(said))


def _share(cells: list[Cell], fits: Callable[[Cell], bool] | None) -> float:
    if fits is None:
        return 1.0
    said = [cell for cell in cells if not is_ditto(text_of(cell))]
    return sum(fits(cell) for cell in said) / len(said) if said else 0.8


def _matching(pattern: str) -> Callable[[Cell], bool]:
    compiled = re.compile(pattern)
    return lambda cell: compiled.fullmatch(text_of(cell) or "") is not None


def _is_birth(cell: Cell) -> bool:
    birth = birth_of(cell)
    return birth.day is not None or birth.year is not None


def _is_code(kind: str) -> Callable[[Cell], bool]:
    return lambda cell: code_of(kind, text_of(cell) or "") is not None


_FITS: dict[str, Callable[[Cell], bool]] = {
    "household_no": _matching(r"\d+[.)]?"),
    "member_no": _matching(r"\d+"),
    "year": _matching(r"20\d\d"),
    "full_name": _matching(r"[^\d]{2,}"),
    "head_name": _matching(r"[^\d]{2,}"),
    "cccd": _matching(r"[\d\s.'-]{8,16}"),
    "phone": _matching(r"[+\d\s.,;/()-]{8,}"),
    "status": _is_code("status"),
    "sex": _is_code("sex"),
    "relation": _is_code("relation"),
    "ethnicity": lambda cell: ethnicity_of(text_of(cell) or "") is not None,
    **dict.fromkeys(BIRTH_FIELDS, _is_birth),
    **dict.fromkeys(("mark_poor", "mark_near_poor", "mark_male", "mark_female"), lambda cell: bool(is_ticked(cell))),
}

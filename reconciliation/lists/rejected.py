"""The rejected rows of a list as a file in the same layout, to be corrected and imported again."""

from __future__ import annotations

import re
from pathlib import Path

from reconciliation.lists.cells import Cell, text_of
from reconciliation.lists.encodings import decode
from reconciliation.lists.headings import ORIGIN_HEADING, OWN_HEADINGS, REASON_HEADING, key_of
from reconciliation.lists.reading import Reading, SheetRead
from reconciliation.lists.rows import Line
from reconciliation.registry import STATUSES, write_text_sheets

Row = list[str | None]


def write_rejected(reading: Reading, path: Path) -> int:
    """Write the rejected households of a reading (`reconciliation.lists.read`), whole, and rows that belong to none.

    Titles and headings stand as in the list; dividing rows are written again above each household they hold for; «nt»
    and blanks that meant "as above" are written out, since what stood above may not be there. Three columns are added:
    the reasons in both languages; the household's number in the first file, by which a household without a code keeps
    its temporary one; and, to be filled in, the commune of today of a household whose old commune was split. Text is
    Unicode and no cell is executed. The same mapping reads the file.

    Returns the number of rows of persons written; without any, no file is written.
    """
    problems = reading.registry.problems
    rejected = problems[problems["rejected"].astype(bool)]
    reasons: dict[tuple[str, int], list[str]] = {}
    for problem in rejected.to_dict("records"):
        vi, en = (
            f"{problem[column]}: {problem[text]}" if problem[column] else str(problem[text])
            for column, text in (("column", "problem"), ("column_en", "problem_en"))
        )
        reasons.setdefault((str(problem["sheet"]), int(problem["row"])), []).append(f"{vi} / {en}")
    sheets: dict[str, list[Row]] = {}
    count = offset = 0
    for read in reading.sheets:
        rows, written = _sheet_rows(read, reasons, offset)
        offset += len({label for label in read.found.labels if label is not None})
        if written:
            sheets[re.sub(r"[\[\]:*?/\\]", " ", read.sheet.name)[:31]] = rows
            count += written
    if count:
        write_text_sheets(path, sheets)
    return count


def _sheet_rows(read: SheetRead, reasons: dict[tuple[str, int], list[str]], offset: int) -> tuple[list[Row], int]:
    found = read.found
    numbers: dict[str, int] = {}
    for label in found.labels:
        if label is not None:
            numbers.setdefault(label, offset + len(numbers) + 1)
    bad_labels = {
        label
        for line, label in zip(found.lines, found.labels, strict=True)
        if label is not None and (found.name, line.row) in reasons
    }
    width = max((len(row) for row in read.sheet.rows), default=0)
    own = _own_columns(read, width)
    rows: list[Row] = [
        [text_of(read.sheet.plain(cell) if isinstance(cell, str) else cell) for cell in row]
        for row in read.sheet.rows[: read.block.bottom + 1]
    ]
    _spread_merges(read, rows)
    heading = rows[read.block.top]
    heading += [None] * (width + len(own) - len(heading))
    for text, column in own.items():
        heading[column] = heading[column] or text
    written = 0
    context: dict[str, str] = {}
    done: set[int] = set()
    for line, label in zip(found.lines, found.labels, strict=True):
        if label not in bad_labels and (found.name, line.row) not in reasons:
            continue
        # An outer dividing row ends the inner ones: from the first that differs all are written.
        kinds = list(line.context)
        first = next((i for i, kind in enumerate(kinds) if context.get(kind) != line.context[kind]), len(kinds))
        for kind in kinds[first:]:
            value = line.context[kind]
            rows.append([STATUSES.get(value, value) if kind == "status" else value])
        context = line.context
        row = _line(read, line, width)
        row[own[REASON_HEADING]] = "; ".join(reasons.get((found.name, line.row), [])) or None
        if label is not None:
            origin = text_of(line.values.get("origin_no"))
            row[own[ORIGIN_HEADING]] = origin if origin is not None else str(numbers[label])
        rows.append(row)
        done.add(line.row)
        written += 1
    # Rows that were never a person's line (below the signatures) are given back as they stand.
    for number in sorted(row for sheet, row in reasons if sheet == found.name and row not in done and row > found.top):
        cells = read.sheet.rows[number - 1]
        row = [text_of(_decoded(read, column, cell)) for column, cell in enumerate(cells)]
        row += [None] * (width + len(own) - len(row))
        row[own[REASON_HEADING]] = "; ".join(reasons[(found.name, number)])
        rows.append(row)
        written += 1
    return rows, written


def _own_columns(read: SheetRead, width: int) -> dict[str, int]:
    """Where each added column stands: beyond the sheet's, or where it already is, when it was such a file itself."""
    places = {key_of(path): column for column, path in read.block.paths.items()}
    of_field = {rule.field: column for column, rule in read.columns.items() if rule.field != "ignore"}
    columns: dict[str, int] = {}
    for heading, field in OWN_HEADINGS.items():
        there = of_field.get(field, places.get(key_of(heading)))
        columns[heading] = there if there is not None else max([width - 1, *columns.values()]) + 1
    return columns


def _spread_merges(read: SheetRead, rows: list[Row]) -> None:
    """Headings without merged cells: the text of a merged range in each of its columns, so that paths stay the same."""
    for (row, column), (last_row, last_column) in read.sheet.merged:
        if not read.block.top <= row <= read.block.bottom or column >= len(rows[row]):
            continue
        text = rows[row][column]
        for below in range(row, min(last_row, read.block.bottom) + 1):
            rows[below] += [None] * (last_column + 1 - len(rows[below]))
            for right in range(column, last_column + 1):
                rows[below][right] = rows[below][right] or text


def _line(read: SheetRead, line: Line, width: int) -> Row:
    cells = read.sheet.rows[line.row - 1]
    row: Row = [text_of(_decoded(read, column, cell)) for column, cell in enumerate(cells)]
    row += [None] * (width + len(OWN_HEADINGS) - len(row))
    for column, rule in read.columns.items():
        if rule.field in line.values:
            row[column] = text_of(line.values[rule.field])
    return row


def _decoded(read: SheetRead, column: int, cell: Cell) -> Cell:
    rule = read.columns.get(column)
    return (decode(cell, rule.text) if rule is not None else read.sheet.plain(cell)) if isinstance(cell, str) else cell

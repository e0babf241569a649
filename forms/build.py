"""Building a form: source + standard + constants of the round -> .xlsx (for Central) and XForm .xml (for the phone).

What the phone computes is generated from the standard (`poverty.xpath`) and put where the source has a row of type
`calculations`. The same source, standard and constants give the same bytes and the same version.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import xlsxwriter
from pyxform.errors import PyXFormError
from pyxform.xls2xform import convert

from forms.errors import FormError
from forms.source import SOURCES, FormSource, Row, read_source
from poverty.standard import Standard
from poverty.xpath import calculations

#: Lists that the form reads from files, made by `forms.media`.
ATTACHMENTS = ("communes.csv", "villages.csv")

_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
_PYXFORM_ROW = re.compile(r"\[row : (\d+)\]")
#: Stamped into the workbook instead of today's date, so that a build can be repeated byte for byte.
_WORKBOOK_DATE = datetime(2021, 1, 27)  # noqa: DTZ001 - a date of a document, not a moment


@dataclass(frozen=True)
class RoundConstants:
    """What is fixed for a round: its id, the review date from which all ages count, the two-digit province code."""

    round_id: str
    review_date: date
    province_code: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", self.round_id):
            raise FormError(f"round id `{self.round_id}`: letters, digits, - and _ only, at most 32")
        if not re.fullmatch(r"[0-9]{2}", self.province_code):
            raise FormError(f"province code `{self.province_code}`: two digits, as in the official list")


@dataclass(frozen=True)
class BuiltForm:
    """A form ready to be published: its id and version, the two files, and the names of the lists it needs."""

    form_id: str
    version: str
    xlsx: Path
    xml: Path
    attachments: tuple[str, ...] = ATTACHMENTS


def build_form(name: str, standard: Standard, constants: RoundConstants, out_dir: Path) -> BuiltForm:
    """Build the form `name` (a source in forms/sources) into `out_dir` as FORM_ID.xlsx and FORM_ID.xml.

    The version is the review date and a digest of everything in the form. Raises FormError with file and line when
    the source cannot become a form, and when pyxform has a warning: Central refuses a form with warnings.
    """
    source = read_source(SOURCES / f"{name}.md")
    sheets = _complete(source, standard, constants)
    version = f"{constants.review_date:%Y%m%d}-{_digest(sheets)}"
    sheets = {sheet: _replace(source, rows, {"version": version}) for sheet, rows in sheets.items()}
    form_id = sheets["settings"][0].get("form_id")
    out_dir.mkdir(parents=True, exist_ok=True)
    built = BuiltForm(form_id, version, out_dir / f"{form_id}.xlsx", out_dir / f"{form_id}.xml")
    _write_workbook(source, sheets, built.xlsx)
    built.xml.write_text(_convert(source, sheets, built.xlsx), encoding="utf-8")
    return built


def _complete(source: FormSource, standard: Standard, constants: RoundConstants) -> dict[str, list[Row]]:
    """The sheets with the generated calculations and the constants of the round put in."""
    literals = {
        "round_id": f"'{constants.round_id}'",
        "province_code": f"'{constants.province_code}'",
        "review_date": f"'{constants.review_date.isoformat()}'",
        "version": "{{version}}",
    }
    sheets = {name: list(sheet.rows) for name, sheet in source.sheets.items()}
    sheets["survey"] = _insert_calculations(source, sheets["survey"], standard)
    return {name: _replace(source, rows, literals) for name, rows in sheets.items()}


def _insert_calculations(source: FormSource, rows: list[Row], standard: Standard) -> list[Row]:
    generated = calculations(standard)
    scopes = {calculation.scope for calculation in generated}
    written = {row.get("name"): row.line for row in rows if row.get("type") != "calculations"}
    result: list[Row] = []
    for row in rows:
        if row.get("type") != "calculations":
            result.append(row)
            continue
        scope = row.get("name")
        if scope not in scopes:
            raise source.error(row.line, f"`{scope}`: a row of calculations is named member or household, each once")
        scopes.remove(scope)
        for calculation in generated:
            if calculation.scope != scope:
                continue
            if calculation.name in written:
                line = written[calculation.name]
                raise source.error(line, f"`{calculation.name}` is the name of a calculation of the standard")
            cells = {"type": "calculate", "name": calculation.name, "calculation": calculation.expression}
            if calculation.type != "string":
                cells["bind::type"] = calculation.type
            result.append(Row(row.line, cells))
    if scopes:
        raise FormError(
            f"{source.path.name}: a row of type calculations is missing, named {' and '.join(sorted(scopes))}"
        )
    return result


def _replace(source: FormSource, rows: list[Row], values: dict[str, str]) -> list[Row]:
    def fill(row: Row, cell: str) -> str:
        def value(match: re.Match[str]) -> str:
            if match[1] not in values:
                raise source.error(
                    row.line, f"{match[0]} is not a constant of the round; there are {', '.join(values)}"
                )
            return values[match[1]]

        return _PLACEHOLDER.sub(value, cell)

    return [Row(row.line, {column: fill(row, cell) for column, cell in row.cells.items()}) for row in rows]


def _digest(sheets: dict[str, list[Row]]) -> str:
    content = repr([(name, [sorted(row.cells.items()) for row in rows]) for name, rows in sorted(sheets.items())])
    return hashlib.sha256(content.encode()).hexdigest()[:10]


def _write_workbook(source: FormSource, sheets: dict[str, list[Row]], path: Path) -> None:
    with xlsxwriter.Workbook(str(path)) as workbook:
        workbook.set_properties({"title": source.path.stem, "created": _WORKBOOK_DATE})
        for name, rows in sheets.items():
            columns = [column for column in source.sheets[name].header if column]
            worksheet = workbook.add_worksheet(name)
            worksheet.freeze_panes(1, 0)
            worksheet.set_column(0, len(columns) - 1, 24)
            for position, column in enumerate(columns):
                worksheet.write_string(0, position, column)
            for number, row in enumerate(rows, start=1):
                for position, column in enumerate(columns):
                    if row.get(column):
                        worksheet.write_string(number, position, row.get(column))


def _convert(source: FormSource, sheets: dict[str, list[Row]], xlsx: Path) -> str:
    try:
        result = convert(str(xlsx), form_name="data")
    except PyXFormError as error:
        raise FormError(_in_source(source, sheets, str(error))) from error
    if result.warnings:
        raise FormError(_in_source(source, sheets, "; ".join(result.warnings)))
    return str(result.xform)


def _in_source(source: FormSource, sheets: dict[str, list[Row]], message: str) -> str:
    """A message of pyxform, with the rows of the workbook as lines of the source."""
    in_choices = "On the 'choices' sheet" in message
    rows = sheets["choices"] if in_choices and "choices" in sheets else sheets["survey"]

    def line(match: re.Match[str]) -> str:
        position = int(match[1]) - 2
        return f"{source.path.name}:{rows[position].line}:" if 0 <= position < len(rows) else match[0]

    mapped = _PYXFORM_ROW.sub(line, message)
    return mapped if mapped != message else f"{source.path.name}: {message}"

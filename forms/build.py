"""Building a form: source + standard + constants of the round -> .xlsx (for Central) and XForm .xml (for the phone).

What the phone computes is generated from the standard (`poverty.xpath`) and put where the source has a row of type
`calculations`; a form without such rows computes nothing of the standard. The same source, standard and constants
give the same bytes and the same version.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import xlsxwriter
from pyxform.errors import PyXFormError
from pyxform.xls2xform import convert

from forms.errors import FormError
from forms.house import refuse
from forms.lists import ENTITY_LISTS
from forms.source import SOURCES, FormSource, Row, lists_of, read_source
from forms.versions import exported
from poverty.standard import Standard
from poverty.xpath import calculations

#: The forms of the procedure; each is a source `forms/sources/<name>.md`, and its name is its form id.
FORM_NAMES = ("household", "application", "village_meeting", "backcheck", "facility")

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
    """A form ready to be published: its id and version, its two files, and what it reads beside them.

    attachments: the files of lists (`villages.csv`) that are uploaded with it. lists: the entity lists
    (`households`, names of `forms.lists.ENTITY_LISTS`), which Central serves to the phone as `households.csv`.
    """

    form_id: str
    version: str
    xlsx: Path
    xml: Path
    attachments: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()


def build_form(
    name: str, standard: Standard, constants: RoundConstants, out_dir: Path, *, show_proposal: bool = False
) -> BuiltForm:
    """Build the form `name`, one of FORM_NAMES, into `out_dir` as NAME.xlsx and NAME.xml.

    show_proposal: whether the enumerator sees what the phone proposes; the source reads it as `{{show_proposal}}`,
    `true()` or `false()`. The version is the review date and a digest of everything in the form.

    Raises FormError with file and line when the source cannot become a form, and when pyxform has a warning: Central
    refuses a form with warnings; one that breaks a house rule (`forms.house`) is refused with every place named. Then
    nothing is written, and what was built before stands.
    """
    if name not in FORM_NAMES:
        raise FormError(f"there is no form `{name}`; the forms are {', '.join(FORM_NAMES)}")
    source = read_source(SOURCES / f"{name}.md")
    refuse(source, standard)
    settings = source.sheets["settings"].rows[0]
    if settings.get("form_id") != name:
        raise source.error(settings.line, f"form_id is `{settings.get('form_id')}`; it is the form's name, `{name}`")
    return write_form(source, standard, constants, out_dir, show_proposal=show_proposal)


def write_form(
    source: FormSource,
    standard: Standard,
    constants: RoundConstants,
    out_dir: Path,
    *,
    show_proposal: bool = False,
    computed: bool = True,
) -> BuiltForm:
    """What `build_form` does with a source, its house rules left out: for checking and comparing.

    computed: whether what the standard computes is written out; without, its names stand there blank, so that a source
    older than the standard can be read too. Raises FormError as `build_form` does.
    """
    read = lists_of(source)
    sheets = _complete(source, standard, constants, show_proposal, computed)
    version = f"{constants.review_date:%Y%m%d}-{_digest(sheets)}"
    sheets = {sheet: _replace(source, rows, {"version": version}) for sheet, rows in sheets.items()}
    form_id = sheets["settings"][0].get("form_id")
    out_dir.mkdir(parents=True, exist_ok=True)
    built = BuiltForm(
        form_id,
        version,
        out_dir / f"{form_id}.xlsx",
        out_dir / f"{form_id}.xml",
        tuple(f"{name}.csv" for name in read if name not in ENTITY_LISTS),
        tuple(name for name in read if name in ENTITY_LISTS),
    )
    with tempfile.TemporaryDirectory(dir=out_dir, prefix=f".{form_id}-") as folder:
        xlsx, xml = Path(folder) / built.xlsx.name, Path(folder) / built.xml.name
        _write_workbook(source, sheets, xlsx)
        xml.write_text(_convert(source, sheets, xlsx), encoding="utf-8")
        xlsx.replace(built.xlsx)
        xml.replace(built.xml)
    return built


def _complete(
    source: FormSource, standard: Standard, constants: RoundConstants, show_proposal: bool, computed: bool
) -> dict[str, list[Row]]:
    """The sheets with the generated calculations and the constants of the round put in."""
    literals = {
        "round_id": f"'{constants.round_id}'",
        "province_code": f"'{constants.province_code}'",
        "review_date": f"'{constants.review_date.isoformat()}'",
        "review_day": f"{constants.review_date:%d/%m/%Y}",  # in words for people, not in formulas
        "show_proposal": "true()" if show_proposal else "false()",
        "version": "{{version}}",
    }
    sheets = {name: list(sheet.rows) for name, sheet in source.sheets.items()}
    if any(row.get("type") == "calculations" for row in sheets["survey"]):
        sheets["survey"] = _insert_calculations(source, sheets["survey"], standard, computed)
    return exported({name: _replace(source, rows, literals) for name, rows in sheets.items()})


def _insert_calculations(source: FormSource, rows: list[Row], standard: Standard, computed: bool) -> list[Row]:
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
            expression = calculation.expression if computed else "''"
            cells = {"type": "calculate", "name": calculation.name, "calculation": expression}
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
            # The columns as written, then those that the build fills.
            filled = {column: None for row in rows for column in row.cells}
            written = [column for column in source.sheets[name].header if column in filled]
            columns = [*written, *(column for column in filled if column not in written)]
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

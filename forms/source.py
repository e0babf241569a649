"""Form sources: XLSForms written as text, each sheet a markdown table, read with their line numbers.

The dialect is pyxform's: a row is `| sheet | cell | cell |`, the first cell standing only where a sheet begins; the
first row of a sheet is its header; a line that begins with `#` is a note; `\\|` is a bar inside a cell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from forms.errors import FormError
from forms.lists import ENTITY_LISTS, FILE_LISTS

SOURCES = Path(__file__).parent / "sources"

#: Sheets of an XLSForm that a source may hold.
SHEETS = ("survey", "choices", "settings", "entities")
_REQUIRED_COLUMNS = {
    "survey": ("type", "name"),
    "choices": ("list_name", "name"),
    "settings": ("form_id", "version"),
    "entities": (),
}
_BAR = re.compile(r"(?<!\\)\|")
_FROM_FILE = re.compile(r"select_(?:one|multiple)_from_file\s+(\S+)")
_INSTANCE = re.compile(r"""instance\(\s*['"]([^'"]*)['"]\s*\)""")


@dataclass(frozen=True)
class Row:
    """One row of a sheet: the line it stands on and its filled cells by column."""

    line: int
    cells: dict[str, str]

    def get(self, column: str) -> str:
        """The cell, '' where it is blank."""
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Sheet:
    name: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    line: int = 0  # where the header stands


@dataclass(frozen=True)
class FormSource:
    """A form as written: its file and its sheets by name."""

    path: Path
    sheets: dict[str, Sheet]

    @property
    def survey(self) -> Sheet:
        return self.sheets["survey"]

    def choices(self, list_name: str) -> tuple[str, ...]:
        """Codes of a list of answers in the order shown; () when there is no such list."""
        rows = self.sheets["choices"].rows if "choices" in self.sheets else ()
        return tuple(row.get("name") for row in rows if row.get("list_name") == list_name)

    def error(self, line: int, message: str) -> FormError:
        """An error that names the file and the line."""
        return FormError(f"{self.path.name}:{line}: {message}")


def read_source(path: Path) -> FormSource:
    """Read a form source. Raises FormError with file, line and remedy when it is not a form."""
    source = read_tables(path)
    _check_names(source)
    return source


def read_tables(path: Path) -> FormSource:
    """Read the tables of a form source, whatever they say. Raises FormError, a line for each row that is no row."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        known = ", ".join(sorted(file.stem for file in SOURCES.glob("*.md")))
        raise FormError(f"{path.name}: there is no such form source; there are: {known}") from None
    except UnicodeDecodeError:
        raise FormError(f"{path.name}: not UTF-8 text; save the file as UTF-8") from None
    source = FormSource(path, {})
    name: str = ""
    header: tuple[str, ...] = ()
    rows: list[Row] = []
    header_line = 0
    faults: list[FormError] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            first, *cells = _cells(source, number, line)
            if first:
                _add(source, name, header, rows, header_line)
                is_new = first in SHEETS and first not in source.sheets
                name, header, rows = first, (), []
                if not is_new:
                    known = ", ".join(SHEETS)
                    raise source.error(number, f"`{first}` is not a new sheet; a form has {known}, each once")
            if not name:
                raise source.error(number, "a row before the first sheet; begin with `| survey |`")
            if not any(cells):
                continue
            if not header:
                header, header_line = tuple(cells), number
                _check_header(source, number, name, header)
            else:
                rows.append(_row(source, number, header, cells))
        except FormError as fault:
            faults.append(fault)
    _add(source, name, header, rows, header_line)
    if not faults and not {"survey", "settings"} <= set(source.sheets):
        faults.append(FormError(f"{path.name}: a form needs the sheets survey and settings"))
    elif not faults and len(source.sheets["settings"].rows) != 1:
        faults.append(
            source.error(source.sheets["settings"].line, "the sheet settings has one row, neither more nor less")
        )
    if faults:
        raise FormError("\n".join(str(fault) for fault in faults))
    return source


def lists_of(source: FormSource) -> tuple[str, ...]:
    """Names of the lists that a form reads beside its own choices, sorted: of `forms.lists`, files and entity lists.

    They are what a question chooses from (`select_one_from_file villages.csv`), what a row of type `csv-external`
    declares, and what a formula looks up (`instance('communes')`). Raises FormError with the line for a list that
    nobody makes, and for a lookup in a list that no row brings into the form.
    """
    brought: set[str] = set()
    for row in source.survey.rows:
        if from_file := _FROM_FILE.match(row.get("type")):
            name = from_file[1].removesuffix(".csv")
        elif row.get("type") == "csv-external":
            name = row.get("name")
        else:
            continue
        if name not in FILE_LISTS and name not in ENTITY_LISTS:
            known = ", ".join(f"{list_name}.csv" for list_name in (*FILE_LISTS, *ENTITY_LISTS))
            raise source.error(row.line, f"there is no list `{name}.csv` on the phone; there are {known}")
        brought.add(name)
    inline = {row.get("list_name") for row in source.sheets["choices"].rows} if "choices" in source.sheets else set()
    for sheet in source.sheets.values():
        for row in sheet.rows:
            for name in (name for cell in row.cells.values() for name in _INSTANCE.findall(cell)):
                if name not in brought and name not in inline:
                    raise source.error(
                        row.line,
                        f"instance('{name}'): no row brings this list; add one of type csv-external named {name}",
                    )
    return tuple(sorted(brought))


def _cells(source: FormSource, number: int, line: str) -> list[str]:
    line = line.strip()
    if not (line.startswith("|") and line.endswith("|") and len(line) > 1):
        raise source.error(number, "not a row of a table: it must begin and end with a bar; a note begins with #")
    return [cell.strip().replace(r"\|", "|") for cell in _BAR.split(line[1:-1])]


def _check_header(source: FormSource, number: int, sheet: str, header: tuple[str, ...]) -> None:
    missing = [column for column in _REQUIRED_COLUMNS.get(sheet, ()) if column not in header]
    if missing:
        raise source.error(number, f"the sheet {sheet} lacks the column {', '.join(missing)}")
    named = [column for column in header if column]
    if len(named) != len(set(named)):
        raise source.error(number, f"the sheet {sheet} has a column twice")


def _row(source: FormSource, number: int, header: tuple[str, ...], cells: list[str]) -> Row:
    beyond = [cell for cell in cells[len(header) :] if cell]
    nameless = [cell for cell, column in zip(cells, header, strict=False) if cell and not column]
    if beyond or nameless:
        raise source.error(
            number, rf"`{(beyond + nameless)[0]}` stands in no column; count the bars (a bar inside a cell is \|)"
        )
    return Row(number, {column: cell for column, cell in zip(header, cells, strict=False) if cell})


def _add(source: FormSource, name: str, header: tuple[str, ...], rows: list[Row], line: int) -> None:
    if name:
        source.sheets[name] = Sheet(name, header, tuple(rows), line)


def _check_names(source: FormSource) -> None:
    """Names are leaf names of the answers: one question each in the whole form, wherever it stands."""
    lines: dict[str, int] = {}
    for row in source.survey.rows:
        if not row.get("type"):
            raise source.error(row.line, "a row of the survey without a type")
        name = row.get("name")
        if not name or row.get("type") == "calculations":
            continue
        if name in lines:
            raise source.error(row.line, f"the name `{name}` stands already on line {lines[name]}; names are unique")
        lines[name] = row.line

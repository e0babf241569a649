"""Checking a form as far as it can be checked without a phone: the house rules, then pyxform, then ODK Validate.

All findings at once. What pyxform and ODK Validate say is brought back to the line of the source that they speak of,
and dropped where a house rule has already said it better.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from forms.build import RoundConstants, write_form
from forms.errors import FormError
from forms.findings import Finding, from_error
from forms.house import check_source
from forms.source import FormSource, read_tables
from forms.validate import validate
from poverty.questions import Text
from poverty.standard import Standard

_NODE = re.compile(r"/data(?:/[\w.-]+)+|\$\{([\w.-]+)\}")

#: House rules that name what no engine gets past.
_STOP_THE_ENGINE = frozenset(
    {
        *("structure", "type", "name", "duplicate_name", "expression", "function", "reference", "cycle"),
        *("list", "choice", "entity_list", "input"),
    }
)


def check_form(path: Path, standards: Sequence[Standard], constants: RoundConstants | None = None) -> list[Finding]:
    """Every finding of one source, by line; [] when it can be published under each of the standards.

    constants: of a round; without them, those of a made-up round in each standard's first year. A form that computes
    no standard is built once. Takes seconds: pyxform and ODK Validate run for each build.
    """
    try:
        source = read_tables(path)
    except FormError as error:
        return from_error("table", path.name, error)
    found = check_source(source, standards)
    computes = any(row.get("type") == "calculations" for row in source.survey.rows)
    for standard in standards if computes else standards[:1]:
        for finding in _engine_findings(source, standard, constants or made_up(standard)):
            if finding not in found and not _said_already(finding, found):
                found.append(finding)
    return sorted(found, key=lambda finding: (finding.line, finding.rule))


def made_up(standard: Standard) -> RoundConstants:
    """Constants of a round that there is not, in the standard's first year: for looking at a form without one."""
    return RoundConstants("check", date(standard.first_year, 9, 1), "00")


def _engine_findings(source: FormSource, standard: Standard, constants: RoundConstants) -> list[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        try:
            built = write_form(source, standard, constants, Path(folder))
        except FormError as error:
            found = from_error("pyxform", source.path.name, error)
            return [one if one.line else replace(one, line=_line_named_in(one.text.en, source)) for one in found]
        try:
            validate(built.xml)
        except FormError as error:
            said = str(error).removeprefix(f"{built.xml.name}: ")
            return [Finding("odk_validate", source.path.name, _line_named_in(said, source), Text(said, said))]
    return []


def _line_named_in(said: str, source: FormSource) -> int:
    """The line of the first question that a message names (of a computed one its calculations); 0 for none."""
    lines = {row.get("name"): row.line for row in source.survey.rows if row.get("name")}
    groups = {row.get("name") for row in source.survey.rows if row.get("type").startswith("begin")}
    generated = next((row.line for row in source.survey.rows if row.get("type") == "calculations"), 0)
    named = [match[1] or match[0].rpartition("/")[2] for match in _NODE.finditer(said)]
    named = [name for name in named if name not in groups] or named  # a path names its groups on the way
    return lines.get(named[0], generated) if named else 0


def _said_already(finding: Finding, found: Sequence[Finding]) -> bool:
    """An engine stops at the first fault: where a rule has named one that stops it, it has nothing to add."""
    return any(one.rule in _STOP_THE_ENGINE for one in found) or any(one.line == finding.line for one in found)

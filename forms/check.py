"""Checking a form as far as it can be checked without a phone: the house rules, then pyxform, then ODK Validate.

All findings at once. What pyxform and ODK Validate say is brought back to the line of the source that they speak of,
and dropped where a house rule has already said it better.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
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
        for finding in _engine_findings(source, standard, constants or _made_up(standard)):
            if finding not in found and not _said_already(finding, found):
                found.append(finding)
    return sorted(found, key=lambda finding: (finding.line, finding.rule))


def _made_up(standard: Standard) -> RoundConstants:
    return RoundConstants("check", date(standard.first_year, 9, 1), "00")


def _engine_findings(source: FormSource, standard: Standard, constants: RoundConstants) -> list[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        try:
            built = write_form(source, standard, constants, Path(folder))
        except FormError as error:
            return from_error("pyxform", source.path.name, error)
        try:
            validate(built.xml)
        except FormError as error:
            return [_of_validate(source, error)]
    return []


def _of_validate(source: FormSource, error: FormError) -> Finding:
    """What ODK Validate said, at the line of the first question that it names; a computed one at its calculations."""
    lines = {row.get("name"): row.line for row in source.survey.rows if row.get("name")}
    generated = next((row.line for row in source.survey.rows if row.get("type") == "calculations"), 0)
    said = str(error)
    named = [match[1] or match[0].rpartition("/")[2] for match in _NODE.finditer(said)]
    line = lines.get(named[0], generated) if named else 0
    return Finding("odk_validate", source.path.name, line, Text(said, said))


def _said_already(finding: Finding, found: Sequence[Finding]) -> bool:
    """An engine stops at the first fault that the rules name too, or at its consequences somewhere in the form."""
    errors = [one for one in found if one.severity == "error" and one.rule not in ("pyxform", "odk_validate")]
    return any(one.line == finding.line for one in errors) or (finding.line == 0 and bool(errors))

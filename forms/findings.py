"""What a check of a form finds: the place in the source, what is wrong there, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

from forms.errors import FormError
from poverty.questions import Text

Severity = Literal["error", "warning"]

_PLACE = re.compile(r"^(?P<file>[^\s:]+\.md):(?:(?P<line>\d+):)? ?(?P<what>.*)$", re.DOTALL)


@dataclass(frozen=True)
class Finding:
    """One finding. line: of the source, 0 for the form as a whole; text: what is wrong and the remedy."""

    rule: str
    file: str
    line: int
    text: Text
    severity: Severity = "error"

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def from_error(rule: str, file: str, error: FormError) -> list[Finding]:
    """The findings that an error of reading or building names, one for each line of its message."""
    found = []
    for line in str(error).splitlines():
        match = _PLACE.match(line)
        what = match["what"] if match else line
        number = int(match["line"] or 0) if match else 0
        found.append(Finding(rule, file, number, Text(what, what)))
    return found


def as_error(findings: list[Finding]) -> FormError:
    """One error that names every finding, each on a line of its own."""
    return FormError("\n".join(f"{finding.place}: {finding.text.en}" for finding in findings))

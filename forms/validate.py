"""ODK Validate: the last word on whether a form opens in ODK Collect. pyxform alone lets half the faults through."""

from __future__ import annotations

import re
from pathlib import Path

from pyxform.validators.error_cleaner import ErrorCleaner

from forms.errors import FormError
from forms.java import VALIDATE_JAR, run_java

#: Lines that name neither the fault nor its place.
_NOISE = re.compile(
    r"^\s*(SLF4J|Xform is|Begin parsing|\*+|>>|:?\s*$|Caused by|\.\.\. \d+ more|The following files|Result:)"
    r"|^\S+\.xml\s*$",
    re.IGNORECASE,
)


def validate(xml: Path) -> None:
    """Open the XForm as ODK Collect does. Raises FormError, in words for the form's author, when it does not open."""
    if not xml.is_file():
        raise FormError(f"{xml}: there is no such form; build it first")
    result = run_java(["-jar", str(VALIDATE_JAR), str(xml)])
    if result.returncode != 0:
        said = ErrorCleaner.odk_validate(result.stderr) or result.stdout
        lines = [line.strip(" :") for line in said.splitlines() if not _NOISE.match(line)]
        raise FormError(f"{xml.name}: ODK Validate refuses the form: " + " ".join(lines))

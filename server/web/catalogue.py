"""Bring the translation catalogues up to date: `python -m server.web.catalogue`.

Reads every text that templates and code mark (`_`, `ngettext`, `mark`) and updates `server/locale/*/LC_MESSAGES/*.po`:
new texts come in empty, those no longer used go out, a changed text loses its translation (nothing is guessed).
Exit status 1 when a text is left untranslated; they are listed.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from server.web.language import DEFAULT, LANGUAGES, LOCALE

SERVER = Path(__file__).resolve().parents[1]
_METHODS = [("static/**", "ignore"), ("**.py", "python"), ("templates/**.html", "jinja2")]
_OPTIONS = {"templates/**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}
_KEYWORDS = {"_": None, "ngettext": (1, 2), "mark": None}
#: Headers of which Babel writes samples: they say nothing, or change by the clock.
_EMPTY_HEADERS = ('"POT-Creation', '"PO-Revision', '"Report-Msgid', '"Last-Translator', '"Language-Team', '"Project-Id')


def extract() -> Catalog:
    """Every marked text, with the file it stands in."""
    found = Catalog(charset="utf-8", project="rasoat", fuzzy=False)
    for name, _line, message, comments, context in extract_from_dir(SERVER, _METHODS, _OPTIONS, _KEYWORDS):
        # Line numbers would change the file with every edit.
        found.add(message, locations=[(f"server/{name}", 0)], auto_comments=comments, context=context)
    return found


def update(path: Path, language: str, template: Catalog) -> Catalog:
    """The catalogue at `path` brought up to `template`."""
    old = Catalog(locale=language)
    if path.exists():
        with path.open("rb") as file:
            old = read_po(file, locale=language)
    new = Catalog(locale=language, project="rasoat", charset="utf-8", fuzzy=False)
    new.header_comment = "# Rà soát: translations from Vietnamese. Updated by `python -m server.web.catalogue`."
    for message in template:
        if message.id:
            held = old.get(message.id)
            places = [(name, 0) for name in sorted({name for name, _ in message.locations})]
            new.add(message.id, held.string if held is not None else "", locations=places)
    return new


def untranslated(catalogue: Catalog) -> list[str]:
    """Texts without a translation (for a plural: without one of its forms)."""
    missing = []
    for message in catalogue:
        if message.id:
            strings = message.string if isinstance(message.string, list | tuple) else [message.string]
            if not all(strings) or (message.pluralizable and len(strings) < catalogue.num_plurals):
                missing.append(message.id if isinstance(message.id, str) else message.id[0])
    return missing


def as_text(catalogue: Catalog) -> bytes:
    """The catalogue as a `.po` file, in a stable order, without dates."""
    out = BytesIO()
    write_po(out, catalogue, width=120, sort_output=True, include_lineno=False, omit_header=False)
    lines = out.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_EMPTY_HEADERS)).encode()


def main() -> int:
    template, missing = extract(), 0
    for language in LANGUAGES:
        if language != DEFAULT:
            path = LOCALE / language / "LC_MESSAGES" / "messages.po"
            catalogue = update(path, language, template)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(as_text(catalogue))
            for text in untranslated(catalogue):
                missing += 1
                print(f"{language}: {text}")  # noqa: T201 - a command's own words
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

"""The language of a request, and the translations into it.

Vietnamese is what the templates are written in; `server/locale/<language>` holds the translations from it.
`python -m server.web.catalogue` brings the catalogues up to date with the templates and the code.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from babel.support import NullTranslations, Translations
from starlette.requests import Request

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")
DEFAULT: Language = "vi"
COOKIE = "language"
LOCALE = Path(__file__).resolve().parents[1] / "locale"


def known(value: str | None) -> Language | None:
    """`value` as a language the pages speak, or None."""
    for language in LANGUAGES:
        if value == language:
            return language
    return None


def language_of(request: Request) -> Language:
    """`?lang=` first, then the cookie of an earlier choice, then Vietnamese (the browser's own wish is not asked)."""
    return known(request.query_params.get("lang")) or known(request.cookies.get(COOKIE)) or DEFAULT


@cache
def translations(language: Language) -> NullTranslations:
    """The catalogue of a language; Vietnamese needs none.

    Raises FileNotFoundError when the catalogue was never compiled (`make setup` does).
    """
    if language == DEFAULT:
        return NullTranslations()
    path = LOCALE / language / "LC_MESSAGES" / "messages.mo"
    if not path.exists():
        raise FileNotFoundError(f"{path.name} of {language} is not compiled: run `python -m server.web.assets`")
    with path.open("rb") as file:
        return Translations(file)


def gettext(language: Language, message: str) -> str:
    """`message` (Vietnamese, as written in the code) in the language."""
    return str(translations(language).ugettext(message))


def mark(message: str) -> str:
    """`message` as it is: marks a text for the catalogue where the language is not known yet."""
    return message

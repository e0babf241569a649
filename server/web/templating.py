"""Templates: one environment per language, and the answer made from a template.

A page's context always holds `request`, `language`, `languages`, `actor` (None for the anonymous), `sees` (names of
the entities that the actor's roles read, for links), `csrf_token` (for forms that write), `theme`, `is_fragment` and
`here` (this page's address with other query values). Filters: `number signed percent day moment`; test whether a
figure is there with the filter `known`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from server.accounts.access import Entity, reads
from server.accounts.actor import Actor
from server.web import formats
from server.web.language import COOKIE, LANGUAGES, Language, known, language_of, translations

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
STATIC = Path(__file__).resolve().parents[1] / "static"

Theme = Literal["auto", "light", "dark"]
THEMES: tuple[Theme, ...] = ("auto", "light", "dark")
THEME_COOKIE = "theme"
_YEAR_SECONDS = 365 * 24 * 3600


@cache
def environment(language: Language) -> Environment:
    """The Jinja2 environment that writes in `language`. An undefined name is an error, never an empty string."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    made.policies["ext.i18n.trimmed"] = True
    # `newstyle`: `_("... %(n)s", n=3)` fills in and escapes by itself.
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    for name in ("number", "signed", "percent", "day", "moment"):
        made.filters[name] = partial(getattr(formats, name), language=language)
    made.filters["known"] = lambda value: not formats.is_unknown(value)
    made.globals["static"] = static_url
    return made


def static_url(path: str) -> str:
    """The address of a file below `server/static`, changing when the file does, so that it may be kept for long."""
    file = STATIC / path
    return f"/static/{path}?v={int(file.stat().st_mtime):x}"


def theme_of(request: Request) -> Theme:
    """The theme chosen by `?theme=` or earlier; `auto` follows the system."""
    for value in (request.query_params.get("theme"), request.cookies.get(THEME_COOKIE)):
        for theme in THEMES:
            if value == theme:
                return theme
    return "auto"


def here(request: Request, **changes: Any) -> str:
    """This page's address with some query values changed (None removes one); the page number starts again."""
    values = {key: value for key, value in request.query_params.items() if key not in {"lang", "theme", "page"}}
    for key, value in changes.items():
        values.pop(key, None)
        if value is not None:
            values[key] = str(value)
    return request.url.path + (f"?{urlencode(values)}" if values else "")


def is_fragment(request: Request) -> bool:
    """Whether htmx asks for a part of a page (it sets a header of its own)."""
    return request.headers.get("hx-request") == "true"


def render(
    request: Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """The page as an answer; a choice of language or theme made by the address is kept in a cookie."""
    language, theme = language_of(request), theme_of(request)
    actor: Actor | None = getattr(request.state, "actor", None)
    body = (
        environment(language)
        .get_template(template)
        .render(
            {
                "request": request,
                "language": language,
                "languages": LANGUAGES,
                "theme": theme,
                "actor": actor,
                "sees": frozenset(entity.value for entity in Entity if actor is not None and reads(actor, entity)),
                "csrf_token": getattr(request.state, "csrf_token", ""),
                "here": partial(here, request),
                "is_fragment": is_fragment(request),
                **(context or {}),
            }
        )
    )
    answer = HTMLResponse(body, status_code=status, headers=dict(headers or {}))
    # The same address gives another language, theme or part of the page: no cache in between may mix them.
    answer.headers.setdefault("Cache-Control", "no-store")
    answer.headers["Vary"] = "Cookie, HX-Request"
    answer.headers["Content-Language"] = language
    secure = request.url.scheme == "https"
    if known(request.query_params.get("lang")):
        answer.set_cookie(COOKIE, language, max_age=_YEAR_SECONDS, samesite="lax", secure=secure, httponly=True)
    if request.query_params.get("theme"):
        answer.set_cookie(THEME_COOKIE, theme, max_age=_YEAR_SECONDS, samesite="lax", secure=secure, httponly=True)
    return answer

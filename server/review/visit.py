"""How an interview was held, in words: its photos, and what the phone's log says of the visit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.orm import Session

from poverty.frames import INCOME_SOURCES
from server.accounts.access import Scope
from server.attachments import service as attachments
from server.attachments.media import IMAGES
from server.cases.tables import Interview
from server.paradata import service as paradata
from server.paradata.service import LOG_NAME
from server.submissions import service as submissions
from server.submissions.tables import ODATA_JSON, Submission
from server.web import formats, words
from server.web.language import Language

#: Answers whose digits are hidden wherever they stand.
_MASKED = frozenset({"cccd", "phone"})
_SCREENS, _CHANGES = 5, 12


def of_visit(
    session: Session,
    of: Interview,
    versions: Sequence[Submission],
    scope: Scope,
    language: Language,
    shown: Callable[[Any], str],
) -> dict[str, Any]:
    """`files` (photos and what became of them, the current version's first), `log_state` (of the audit log; None where
    the form keeps none) and `held` (what it says; None without a readable one).

    versions: of the interview, read within the scope, the newest first. shown: how personal numbers are written.
    """
    current = next((one for one in versions if one.is_current), None)
    found = attachments.of_interview(session, of.interview_id, scope)
    questions = _questions(session, current)
    here = {one.address for one in found if one.version_id == of.version_id and one.address}
    files, log_state = [], None
    for one in found:
        is_current = one.version_id == of.version_id
        if one.name == LOG_NAME:
            log_state = one.state if is_current else log_state
        elif is_current or (one.address is not None and one.address not in here):
            files.append(
                {
                    "caption": words.question(questions[one.name], language) if one.name in questions else one.name,
                    "is_current": is_current,
                    "state": one.state,
                    "reason": one.reason,
                    "size": one.size,
                    "attempts": one.attempts,
                    "address": one.address,
                    "has_thumbnail": one.has_thumbnail,
                    "is_image": one.media_type in IMAGES,
                }
            )
    files.sort(key=lambda one: not one["is_current"])
    measured = None if current is None else paradata.of_submissions(session, [current]).get(of.interview_id)
    return {
        "files": files,
        "files_known": any(one.version_id == of.version_id for one in found),
        "log_state": log_state,
        "held": None if measured is None else _held(measured, language, shown),
    }


def _held(of: paradata.Measures, language: Language, shown: Callable[[Any], str]) -> dict[str, Any]:
    return {
        "started": of.started,
        "ended": of.ended,
        "minutes": of.active_seconds / 60,
        "per_answer": of.seconds_per_answer,
        "answers": of.answers,
        "sessions": of.sessions,
        "night_minutes": of.night_seconds / 60,
        "pauses": [
            {"at": datetime.fromisoformat(one.at), "minutes": one.seconds / 60, "kind": one.kind} for one in of.held
        ],
        "paused_minutes": of.paused_seconds / 60,
        "screens": [
            {"name": _name(one.question, one.position, language), "seconds": one.seconds}
            for one in of.screens[:_SCREENS]
        ],
        "refusals": of.refusals,
        "moves": [{"at": datetime.fromisoformat(one.at), "metres": one.metres} for one in of.moved],
        "positions": of.positions,
        "corrections": of.corrections,
        "changes": [
            {
                "at": datetime.fromisoformat(one.at),
                "name": _name(one.question, one.position, language),
                "before": _said(one.question, one.before, language, shown),
                "after": _said(one.question, one.after, language, shown),
            }
            for one in of.changed[-_CHANGES:]
        ],
    }


def _name(question: str, position: int | None, language: Language) -> str:
    """What a screen or question is called; a member is told by number, whose name its title would hold."""
    number = "" if position is None else f"#{position}"
    text = re.sub(r"\$\{[^}]*\}", number, words.question(question, language))
    return text if position is None or number in text else f"{text} ({number})"


def _said(question: str, text: str, language: Language, shown: Callable[[Any], str]) -> str:
    if text == "":
        return ""
    if question in _MASKED:
        return shown(text)
    return (
        formats.number(text, language)
        if question in INCOME_SOURCES and text.isdecimal()
        else words.answer(question, text, language)
    )


def _questions(session: Session, current: Submission | None) -> dict[str, str]:
    """File name -> the question that it answers."""
    if current is None or current.payload_format != ODATA_JSON:
        return {}
    payload = submissions.payloads(session, [current])[0]
    return {} if payload is None else dict(_texts(orjson.loads(payload)))


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """(text, question) of every answer that is a text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, name)
    elif isinstance(value, str):
        yield value, name

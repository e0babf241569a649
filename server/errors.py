"""Errors that a person can mend: said in both languages, with a code that scripts and logs may hold."""

from __future__ import annotations


class UserError(Exception):
    """Something to tell the person who asked: what, where, how to mend it; never personal data.

    `code` is stable: it is what logs, `sync_states` and JSON answers hold.
    """

    status = 400

    def __init__(self, code: str, vi: str, en: str) -> None:
        super().__init__(f"{vi}\n{en}")
        self.code = code
        self.vi = vi
        self.en = en


class NotFoundError(UserError):
    """What was asked for is not there."""

    status = 404


class ConflictError(UserError):
    """What was asked for does not fit with what is there."""

    status = 409

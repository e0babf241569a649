"""What can go wrong with keys; every message says what to check and none holds a key or a value."""

from __future__ import annotations

from server.errors import UserError


class SecretsError(UserError):
    """A master key is missing, wrong or malformed: nothing was opened."""

    status = 503

    def __init__(self, vi: str, en: str) -> None:
        super().__init__("master_key", vi, en)


class Erased(Exception):  # noqa: N818 - a state of the subject, not a fault
    """The subject's key was destroyed: nothing can be read or written under it any more."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"{subject}: erased, its key was destroyed")
        self.subject = subject


class Tampered(Exception):  # noqa: N818
    """A stored value does not belong to this table, column and subject, or was changed after it was written."""

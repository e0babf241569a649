"""What can go wrong with keys; every message says what to check and none holds a key or a value."""

from __future__ import annotations


class SecretsError(Exception):
    """A key is missing, wrong or malformed, or a stored value cannot be opened with it."""


class Erased(SecretsError):  # noqa: N818 - a state of the subject, not a fault
    """The subject's key was destroyed: nothing can be read or written under it any more."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"{subject}: erased, its key was destroyed")
        self.subject = subject


class Tampered(SecretsError):  # noqa: N818
    """A stored value does not belong to this table, column and subject, or was changed after it was written."""

"""Passwords: argon2id, long rather than odd."""

from __future__ import annotations

import unicodedata
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from server.accounts.errors import Refused
from server.accounts.policy import AccountPolicy

_HASHER = PasswordHash((Argon2Hasher(),))

#: What people try first, folded; each is longer than the shortest password allowed or a stem of one.
_COMMON = ("123456789012", "matkhau", "password", "qwertyuiop", "hungyen", "rasoat", "hongheo")


def check_new(password: str, username: str, policy: AccountPolicy) -> None:
    """Refuse a new password that is too short, too long, the user's name, or one that is tried first."""
    normal = _normal(password)
    if len(normal) < policy.password_shortest:
        raise Refused("password_short")
    if len(normal) > policy.password_longest:
        raise Refused("password_long")
    lowered = normal.lower()
    # What is left without the guessable part must still be worth something.
    for stem in (username.lower(), *_COMMON):
        if len(stem) >= 3 and len(lowered.replace(stem, "").strip("0123456789@!.#_- ")) < 4:
            raise Refused("password_guessable")
    if len(set(lowered)) < 4:
        raise Refused("password_guessable")


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return _HASHER.hash(_normal(password))


def verify_password(password: str, stored: str | None, policy: AccountPolicy) -> bool:
    """Whether this is the password; takes as long when there is none to compare with."""
    normal = _normal(password)
    if len(normal) > policy.password_longest:
        return False
    return _HASHER.verify(normal, stored or _nobody()) and stored is not None


@cache
def _nobody() -> str:
    """Verified when there is no such account, so that the answer takes as long as when there is."""
    return _HASHER.hash("a password that nobody has")


def _normal(password: str) -> str:
    # The same letters typed on a phone and on a desk computer may arrive composed or not.
    return unicodedata.normalize("NFC", password)

"""Random tokens: the person or program has the token, the database its SHA-256 (256 random bits need no slow hash)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

API_TOKEN_PREFIX = "rasoat_"  # noqa: S105 - lets a leaked token be recognised by scanners

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> str:
    """256 random bits, 43 characters that a URL and a cookie take as they are."""
    return secrets.token_urlsafe(32)


def looks_like_token(text: str) -> bool:
    """Whether `text` has the form of a token; anything else need not be looked up."""
    return _TOKEN.fullmatch(text) is not None


def token_hash(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_token(session_token: str) -> str:
    """The second token of a form, bound to the cookie: only a page of this service can know it."""
    return hmac.new(session_token.encode(), b"rasoat csrf", hashlib.sha256).hexdigest()


def csrf_matches(session_token: str, given: str) -> bool:
    """Whether the form or header came from a page made for this cookie."""
    return hmac.compare_digest(csrf_token(session_token).encode(), given.encode())

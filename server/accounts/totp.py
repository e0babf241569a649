"""One-time codes by RFC 6238 (SHA-1, 6 digits, 30 seconds: what every authenticator app takes)."""

from __future__ import annotations

from datetime import datetime

import pyotp

ISSUER = "Rà soát"
STEP_SECONDS = 30
#: Steps before and after now that are accepted: clocks of phones differ.
_DRIFT = (0, -1, 1)


def new_secret() -> str:
    """160 random bits in base32."""
    return pyotp.random_base32()


def enrolment_uri(secret: str, username: str) -> str:
    """The `otpauth:` address that an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def matching_step(secret: str, code: str, now: datetime, last_step: int) -> int | None:
    """The step whose code this is, or None. A step up to `last_step` was used already: a code is good once."""
    digits = "".join(code.split())
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    current = int(now.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    for step in (current + drift for drift in _DRIFT):
        if step > last_step and pyotp.utils.strings_equal(digits, totp.generate_otp(step)):
            return step
    return None


def qr_svg(uri: str) -> bytes:
    """The QR code as an SVG document, dark on white in either theme (a camera reads it)."""
    import io

    import segno

    out = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(out, kind="svg", scale=5, border=4, dark="#000", light="#fff")
    return out.getvalue()

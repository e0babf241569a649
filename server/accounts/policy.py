"""The rules of logging in, in one place; the service's settings may give others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class AccountPolicy:
    """Times and limits. `secure_cookies` is off only for http on the machine itself (the demo)."""

    secure_cookies: bool = True
    session_idle: timedelta = timedelta(hours=2)
    session_longest: timedelta = timedelta(hours=12)
    #: Between the password and the TOTP code.
    second_step: timedelta = timedelta(minutes=5)
    reset_link: timedelta = timedelta(hours=24)
    token_longest: timedelta = timedelta(days=365)

    #: Failures within `attempt_window`: more lock the account (or refuse the address) until the window has passed.
    attempts_per_account: int = 5
    #: One address is often a whole commune's office.
    attempts_per_address: int = 50
    attempt_window: timedelta = timedelta(minutes=15)

    password_shortest: int = 12
    #: Longer ones only cost the server time.
    password_longest: int = 200

    @property
    def cookie_name(self) -> str:
        """With the `__Host-` prefix a browser takes the cookie only over https, from this host, for every path."""
        return "__Host-rasoat" if self.secure_cookies else "rasoat"

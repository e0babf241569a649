"""`rasoat round create|open|close|list` and `rasoat residents import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.cli.common import Json, RoundOption, answer, note, open_database, parse_day

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from server.rounds.tables import Round

app = typer.Typer(help="Đợt rà soát. / Review rounds.", no_args_is_help=True)
residents_app = typer.Typer(help="Số hộ dân cư, nhân khẩu. / Resident households and persons.", no_args_is_help=True)


@app.command("create")
def create(
    round_id: Annotated[str, typer.Argument(help="Mã đợt, ví dụ 2026. / Its id.")],
    review_date: Annotated[str, typer.Option(help="Ngày rà soát: mọi tuổi tính đến ngày này. / Review date.")],
    province: Annotated[str, typer.Option(help="Mã tỉnh. / Province code.")] = "33",
    kind: Annotated[str, typer.Option(help="annual | monthly")] = "annual",
    scope: Annotated[str, typer.Option(help="annual | full")] = "annual",
    units_on: Annotated[
        str | None, typer.Option("--units-on", help="Danh mục đơn vị của ngày này; mặc định ngày rà soát. / Units.")
    ] = None,
    standard: Annotated[str | None, typer.Option(help="Chuẩn nghèo; mặc định theo năm. / Standard.")] = None,
    opens: Annotated[str | None, typer.Option(help="Ngày bắt đầu. / First day.")] = None,
    meetings: Annotated[str | None, typer.Option(help="Hạn họp dân. / Village meetings by this day.")] = None,
    closes: Annotated[str | None, typer.Option(help="Ngày kết thúc. / Last day.")] = None,
    json: Json = False,
) -> None:
    """Tạo đợt rà soát. / Create a round."""
    from server.rounds import service as rounds

    with open_database() as database, database.session() as session:
        made = rounds.create(
            session,
            round_id,
            province_code=province,
            review_date=parse_day(review_date, "--review-date"),
            kind=kind,
            scope=scope,
            standard_id=standard,
            unit_vintage=None if units_on is None else parse_day(units_on, "--units-on"),
            opens_on=None if opens is None else parse_day(opens, "--opens"),
            meetings_by=None if meetings is None else parse_day(meetings, "--meetings"),
            closes_on=None if closes is None else parse_day(closes, "--closes"),
        )
        result = _as_json(session, made)
    answer(result, _line(result), as_json=json)


@app.command("open")
def open_round(round_id: str, json: Json = False) -> None:
    """Mở đợt rà soát. / Open a round."""
    _advance(round_id, "open", json=json)


@app.command("close")
def close_round(round_id: str, json: Json = False) -> None:
    """Đóng đợt rà soát. / Close a round."""
    _advance(round_id, "closed", json=json)


@app.command("list")
def list_rounds(json: Json = False) -> None:
    """Các đợt rà soát. / Every round."""
    from server.rounds import service as rounds

    with open_database() as database, database.session() as session:
        found = [_as_json(session, one) for one in rounds.all_rounds(session)]
    answer({"rounds": found}, *(_line(one) for one in found), as_json=json)


@residents_app.callback()
def group() -> None:
    """Keeps `import` a subcommand while it is the only one."""


@residents_app.command("import")
def import_residents(
    file: Annotated[Path, typer.Argument(help="CSV hoặc XLSX: commune_code, households, persons.")],
    source: Annotated[str, typer.Option(help="Nguồn số liệu. / Where the figures come from.")],
    source_date: Annotated[str, typer.Option("--date", "--source-date", help="Ngày của số liệu. / Their date.")],
    year: Annotated[int | None, typer.Option(help="Năm; mặc định năm của đợt. / Year; the round's.")] = None,
    round_id: RoundOption = None,
    json: Json = False,
) -> None:
    """Nhập số hộ dân cư theo xã: mẫu số của mọi tỷ lệ. / Import what rates divide by."""
    from server.cli.tables import read_table
    from server.rounds import service as rounds
    from server.units import service as units

    frame = read_table(file, required=("commune_code", "households"))
    with open_database() as database, database.session() as session:
        of = rounds.choose(session, round_id)
        count = units.import_residents(
            session,
            frame,
            year=year or of.review_date.year,
            on=of.unit_vintage,
            province_code=of.province_code,
            source=source,
            source_date=parse_day(source_date, "--date"),
            file=file.name,
        )
        result = {"year": year or of.review_date.year, "communes": count}
        note(session, "residents.import", "round", of.round_id)
    answer(result, f"Đã nhập số hộ dân cư năm {result['year']} của {count} xã, phường.", as_json=json)


def _advance(round_id: str, status: str, *, json: bool) -> None:
    from server.rounds import service as rounds

    with open_database() as database, database.session() as session:
        result = _as_json(session, rounds.advance(session, round_id, status))
    answer(result, _line(result), as_json=json)


def _as_json(session: Session, of: Round) -> dict[str, Any]:
    from server.rounds import service as rounds

    forms = [
        {name: getattr(form, name) for name in ("name", "project_id", "form_id", "published_version")}
        for form in rounds.forms_of(session, of.round_id)
    ]
    return {column.name: getattr(of, column.name) for column in of.__table__.columns} | {"forms": forms}


def _line(of: dict[str, Any]) -> str:
    return (
        f"Đợt {of['round_id']}: {of['status']}, ngày rà soát {of['review_date']:%d/%m/%Y}, chuẩn {of['standard_id']}."
    )

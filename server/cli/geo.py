"""`rasoat geo import` and `rasoat geo villages import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from server.cli.common import Json, RoundOption, answer, note, open_database, parse_day, progress_bars

app = typer.Typer(help="Đơn vị hành chính, ranh giới, thôn. / Units, boundaries, villages.", no_args_is_help=True)
villages_app = typer.Typer(help="Thôn, tổ dân phố. / Villages.", no_args_is_help=True)
app.add_typer(villages_app, name="villages")


@villages_app.callback()
def group() -> None:
    """Keeps `import` a subcommand while it is the only one."""


@app.command("import")
def import_boundaries(
    file: Annotated[Path, typer.Argument(help="GeoPackage, GeoJSON, Shapefile.")],
    valid_from: Annotated[str, typer.Option(help="Ngày có hiệu lực của các đơn vị. / First day of these units.")],
    province: Annotated[str, typer.Option(help="Mã tỉnh. / Province code.")] = "33",
    layer: Annotated[str | None, typer.Option(help="Lớp trong tệp. / Layer.")] = None,
    code_column: Annotated[str | None, typer.Option(help="Cột mã đơn vị. / Column of the codes.")] = None,
    json: Json = False,
) -> None:
    """Nhập ranh giới và định vị lại các hộ. / Import boundaries, and place the households again."""
    from geo.boundaries import read_boundaries
    from server.cases import service as cases
    from server.rounds import service as rounds
    from server.units import service as units

    day = parse_day(valid_from, "--valid-from")
    cells = read_boundaries(file, day, layer, code_column, province)
    with open_database() as database:
        with database.session() as session:
            count = units.import_cells(session, cells)
            note(session, "boundaries.import", "province", province)
            touched = [
                of.round_id
                for of in rounds.all_rounds(session)
                if of.province_code == province
                and set(units.units_on(session, of.unit_vintage, province).index) & set(cells.index)
            ]
        derived = 0
        with progress_bars(quiet=json) as report:
            for round_id in touched:
                derived += cases.rebuild(database, round_id, lambda done, total: report("derive", done, total))
    answer(
        {"units": count, "is_boundary": True, "source": cells.attrs["source"], "derived": derived},
        f"Đã nhập ranh giới của {count} đơn vị; định vị lại {derived} phiếu.",
        as_json=json,
    )


@villages_app.command("import")
def import_villages(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV hoặc XLSX: village_id, name, commune_code; nếu có: type, latitude, longitude, valid_from, "
            "valid_to, old_commune (tên) hoặc old_commune_code, old_commune_on."
        ),
    ],
    round_id: RoundOption = None,
    json: Json = False,
) -> None:
    """Nhập danh sách thôn, tổ dân phố của đợt. / Import the villages of the round's units."""
    from server.cli.tables import read_table
    from server.rounds import service as rounds
    from server.units import service as units

    frame = read_table(file, required=("village_id", "name", "commune_code"))
    with open_database() as database, database.session() as session:
        of = rounds.choose(session, round_id)
        count = units.import_villages(
            session, frame, on=of.unit_vintage, province_code=of.province_code, source=file.name
        )
        note(session, "villages.import", "round", of.round_id)
    answer({"villages": count}, f"Đã nhập {count} thôn, tổ dân phố.", as_json=json)

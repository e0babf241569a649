"""`rasoat registry import` and `rasoat registry reconcile`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from server.cli.common import Json, RoundOption, answer, note, open_database, progress_bars

app = typer.Typer(help="Danh sách hộ nghèo, cận nghèo các năm. / The registry.", no_args_is_help=True)


@app.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="Danh sách một năm (.xlsx). / One year's list.")],
    province: Annotated[str, typer.Option(help="Mã tỉnh. / Province code.")] = "33",
    json: Json = False,
) -> None:
    """Nhập danh sách hộ nghèo, cận nghèo của một năm, thay danh sách cũ của năm đó. / Import one year's list."""
    from server.registry import service as registry

    with open_database() as database, database.session() as session:
        imported = registry.import_list(session, file, province_code=province)
        note(session, "registry.import", "list", f"{province}:{imported.year}")
    problems = imported.problems.to_dict("records")
    lines = [f"Dòng {problem['row']}, cột {problem['column']}: {problem['problem']}" for problem in problems[:20]]
    if len(problems) > 20:
        lines.append(f"... và {len(problems) - 20} chỗ khác (xem --json).")
    answer(
        {
            "year": imported.year,
            "households": imported.households,
            "members": imported.members,
            "rejected_rows": imported.rejected,
            "erased": imported.erased,
            "problems": problems,
        },
        f"Năm {imported.year}: đã nhập {imported.households} hộ, {imported.members} nhân khẩu; "
        f"bỏ {imported.rejected} dòng.",
        *lines,
        as_json=json,
    )


@app.command("reconcile")
def reconcile(round_id: RoundOption = None, json: Json = False) -> None:
    """Đối chiếu phiếu của đợt với danh sách năm trước. / Link the round with last year's list, count movements."""
    from server.registry import service as registry
    from server.rounds import service as rounds

    with open_database() as database:
        with database.session() as session:
            chosen = rounds.choose(session, round_id).round_id
        with progress_bars(quiet=json) as report:
            result = registry.reconcile(database, chosen, lambda done, total: report("link", done, total))
    answer(
        asdict(result),
        f"Danh sách năm {result.registry_year}: {result.linked} trên {result.interviews} phiếu khớp một hộ, "
        f"{result.contested} phiếu cần người xem.",
        *(f"  {name}: {count}" for name, count in sorted(result.movements.items())),
        as_json=json,
    )

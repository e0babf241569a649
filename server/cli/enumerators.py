"""`rasoat enumerators import|verify|sheet|draw|revoke`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.cli.common import Json, RoundOption, answer, note, open_database, progress_bars, settings

if TYPE_CHECKING:
    from server.database import Database
    from server.enumerators.verify import Verification
    from server.settings import CentralSettings, Settings

app = typer.Typer(help="Rà soát viên và điện thoại. / Enumerators and their phones.", no_args_is_help=True)

_SHOWN = 20


@app.command("import")
def import_people(
    file: Annotated[Path, typer.Argument(help="CSV hoặc XLSX: code, name, phone, role, villages, households.")],
    round_id: RoundOption = None,
    json: Json = False,
) -> None:
    """Nhập rà soát viên, phân công, tạo máy trên Central. / Import people and assignments, make their app users."""
    from server.cli.tables import read_table
    from server.enumerators import service as enumerators
    from server.enumerators.importing import REQUIRED
    from server.rounds import service as rounds

    of = settings()
    frame = read_table(file, required=REQUIRED)
    with open_database(of) as database:
        with database.session() as session:
            chosen = rounds.choose(session, round_id).round_id
            imported = enumerators.import_people(session, frame, chosen, file.name)
            note(session, "enumerators.import", "round", chosen)
        done, lists = _to_central(database, of, chosen, json=json)
    whole = ", ".join(imported.whole_communes)
    answer(
        {"round": chosen} | asdict(imported) | {"phones": asdict(done), "lists": [asdict(one) for one in lists]},
        f"Đợt {chosen}: {imported.people} người ({imported.new} mới, {imported.changed} thay đổi), "
        f"{imported.villages} thôn, {imported.households} hộ phân riêng; {len(done.codes)} máy mới cần in mã QR.",
        *([f"Lưu ý: có người mang danh sách của cả xã {whole}; nên chia theo thôn."] if whole else []),
        as_json=json,
    )


@app.command("verify")
def verify(round_id: RoundOption = None, json: Json = False) -> None:
    """Hỏi Central bằng mã của từng máy: có đúng các hộ của người đó. / Prove each phone gets exactly its households."""
    from server.enumerators.verify import verify as verify_phones
    from server.rounds import service as rounds

    of = settings()
    with open_database(of) as database, progress_bars(quiet=json) as report:
        with database.session() as session:
            chosen = rounds.choose(session, round_id).round_id
        found = verify_phones(database, of.central, chosen, lambda done, total: report("phones", done, total))
    answer(found.as_json(), *_lines(found), as_json=json)
    if not found.holds:
        raise typer.Exit(1)


@app.command("sheet")
def sheet(
    out: Annotated[Path | None, typer.Option(help="Thư mục ghi. / Folder.")] = None,
    code: Annotated[list[str] | None, typer.Option(help="Chỉ những mã này. / These alone.")] = None,
    round_id: RoundOption = None,
    json: Json = False,
) -> None:
    """Tờ in mã QR và tệp cài đặt của từng máy; chỉ người ghi đọc được. / QR sheet and settings files."""
    from server.enumerators import service as enumerators
    from server.enumerators.sheet import write_sheet
    from server.rounds import service as rounds

    of = settings()
    with open_database(of) as database, database.session() as session:
        chosen = rounds.choose(session, round_id).round_id
        people = [one for one in enumerators.phones(session, chosen) if not code or one.code in code]
        project_id = rounds.project_of(session, chosen) or _project(of.central)
        folder = out or of.data.dir / "phones" / chosen
        written = write_sheet(folder, of.central, project_id, people)
        note(session, "enumerators.sheet", "round", chosen)
    without = [one.code for one in people if one.token is None]
    answer(
        {"round": chosen, "files": [str(path) for path in written], "without_phone": without},
        f"Đã ghi {len(written) - 1} mã QR vào {written[0]}.",
        "Mã là chìa khóa vào danh sách hộ: in, phát tận tay, rồi xóa tệp.",
        *([f"Chưa có máy trên Central: {', '.join(without[:_SHOWN])}."] if without else []),
        as_json=json,
    )


@app.command("draw")
def draw(
    share: Annotated[float, typer.Option(help="Phần phiếu của mỗi người được kiểm tra lại. / Share.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Số gieo; cùng số cùng kết quả. / Seed.")] = 2026,
    round_id: RoundOption = None,
    json: Json = False,
) -> None:
    """Rút thăm hộ kiểm tra lại, đều theo từng rà soát viên. / Draw households to be checked a second time."""
    from server.central.client import Central
    from server.enumerators import service as enumerators
    from server.rounds import service as rounds

    of = settings()
    with open_database(of) as database:
        with database.session() as session:
            chosen = rounds.choose(session, round_id).round_id
            drawn = enumerators.draw_backchecks(session, chosen, share=share, seed=seed)
            note(session, "enumerators.draw", "round", chosen)
        with Central(_of_round(database, of.central, chosen)) as central:
            enumerators.send_lists(database, central, chosen)
    answer({"round": chosen, "drawn": drawn, "seed": seed}, f"Rút thêm {drawn} hộ kiểm tra lại.", as_json=json)


@app.command("revoke")
def revoke(
    code: Annotated[str, typer.Argument(help="Mã của người mất máy. / Whose phone is lost.")],
    reissue: Annotated[bool, typer.Option("--reissue", help="Cấp mã mới cho máy khác. / A token for another.")] = False,
    round_id: RoundOption = None,
    json: Json = False,
) -> None:
    """Thu hồi máy bị mất: Central không nhận mã đó nữa. / Refuse a lost phone for good."""
    from server.central.client import Central
    from server.enumerators import service as enumerators
    from server.rounds import service as rounds

    of = settings()
    with open_database(of) as database:
        with database.session() as session:
            chosen = rounds.choose(session, round_id).round_id
        with Central(_of_round(database, of.central, chosen)) as central:
            enumerators.revoke(database, central, chosen, code, reissue=reissue)
        with database.session() as session:
            note(session, "enumerators.reissue" if reissue else "enumerators.revoke", "enumerator", code)
    state = "đã thu hồi và cấp mã mới; in lại mã QR: rasoat enumerators sheet" if reissue else "đã thu hồi"
    answer({"round": chosen, "code": code, "reissued": reissue}, f"Máy {code}: {state}.", as_json=json)


def _to_central(database: Database, of: Settings, round_id: str, *, json: bool) -> tuple[Any, list[Any]]:
    """Make the phones of the round at Central and send them their lists."""
    from server.central.client import Central
    from server.enumerators import service as enumerators

    with progress_bars(quiet=json) as report, Central(_of_round(database, of.central, round_id)) as central:
        done = enumerators.provision(database, central, round_id)
        lists = enumerators.send_lists(database, central, round_id, lambda done, total: report("lists", done, total))
    return done, lists


def _of_round(database: Database, central: CentralSettings, round_id: str) -> CentralSettings:
    """The settings, for the project of the round where one is published."""
    from server.rounds import service as rounds

    with database.session() as session:
        project_id = rounds.project_of(session, round_id)
    return central if project_id is None else central.model_copy(update={"project_id": project_id})


def _project(central: CentralSettings) -> int:
    from server.central.errors import CentralError

    if central.project_id is None:
        raise CentralError("central_not_set")
    return central.project_id


def _lines(found: Verification) -> list[str]:
    lines = [problem.vi for problems in found.lists.values() for problem in problems]
    for one in found.phones:
        state = "đúng" if not one.problems else "SAI"
        lines.append(f"{one.code} ({one.role}): {one.got}/{one.expected} hộ, {state}.")
        lines += [f"  {problem.vi}" for problem in one.problems]
    if found.unassigned:
        lines.append(f"{found.unassigned} hộ trong danh sách chưa phân cho ai.")
    if not found.phones:
        lines.append("Chưa nhập rà soát viên nào: rasoat enumerators import TỆP.")
    return lines

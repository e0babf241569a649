"""`rasoat registry import|export`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.common import Json, answer, note, open_database

if TYPE_CHECKING:
    from reconciliation import Mapping
    from server.registry.service import Imported

app = typer.Typer(help="Danh sách hộ nghèo, cận nghèo các năm. / The registry.", no_args_is_help=True)


@app.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="Danh sách một năm: xlsx, xls, csv. / One year's list.")],
    mapping: Annotated[
        Path | None,
        typer.Option(help="Tệp ánh xạ cột; mặc định TỆP.mapping.yaml cạnh danh sách. / The mapping of its columns."),
    ] = None,
    year: Annotated[int | None, typer.Option(help="Năm, nếu tệp không ghi. / Year, where the file has none.")] = None,
    commune: Annotated[str | None, typer.Option(help="Mã xã, nếu tệp không ghi. / Commune code.")] = None,
    province: Annotated[str, typer.Option(help="Mã tỉnh. / Province code.")] = "33",
    replace: Annotated[
        bool, typer.Option(help="Bỏ hộ của các xã này không có trong tệp. / Remove households that it does not hold.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Chỉ đọc thử, không ghi. / Read only, write nothing.")] = False,
    rejected: Annotated[
        Path | None,
        typer.Option(help="Tệp ghi các dòng bị bỏ; mặc định TỆP.rejected.xlsx. / Where to write rows left out."),
    ] = None,
    json: Json = False,
) -> None:
    """Nhập danh sách hộ nghèo, cận nghèo của một năm; nhập lại không đổi gì. / Import a list of one year."""
    from server.linkage import service as linkage
    from server.registry import service as registry

    started = datetime.now(UTC)
    of, guessed = registry.mapping_for(file, mapping)
    if guessed:
        of.save(registry.mapping_beside(file))
        if not dry_run:
            _show_guess(of, registry.mapping_beside(file), as_json=json)
            raise typer.Exit(1)
    rejected = rejected or file.with_suffix(".rejected.xlsx")
    with open_database() as database, database.session() as session:
        imported = registry.import_list(
            session,
            file,
            province_code=province,
            mapping=of,
            year=year,
            commune=commune,
            replace=replace,
            dry_run=dry_run,
            rejected=rejected,
        )
        if not dry_run:
            linkage.index_since(session, province, imported.year, started)
            note(session, "registry.import", "list", f"{province}:{imported.year}")
    _answer_import(imported, rejected, as_json=json)


def _show_guess(of: Mapping, path: Path, *, as_json: bool) -> None:
    """What each column is taken for, and how to go on: nothing is imported with a mapping that nobody confirmed."""
    from reconciliation.lists.headings import FIELDS

    columns = [
        {"heading": rule.heading, "field": rule.field, "certainty": round(rule.certainty, 2), "samples": rule.samples}
        for rule in of.columns
    ]
    answer(
        {"imported": False, "mapping": str(path), "columns": columns},
        "Chưa nhập: đã đoán từng cột, cần người xem lại. / Not imported: the guessed columns want a look.",
        *(
            f"  {'?' if rule in of.unsure() else ' '} «{rule.heading}»: {FIELDS[rule.field]}"
            f" ({rule.certainty:.0%}; {', '.join(rule.samples) or 'trống'})"
            for rule in of.columns
        ),
        *(f"  trang «{sheet.name}»: {'dùng' if sheet.use else 'bỏ qua'}" for sheet in of.sheets),
        f"Sửa {path} nếu có cột sai, đặt `confirmed: true`, rồi chạy lại lệnh này; năm sau dùng lại được. / "
        f"Correct {path}, set `confirmed: true`, and run this again.",
        as_json=as_json,
    )


def _answer_import(imported: Imported, rejected: Path, *, as_json: bool) -> None:
    from reconciliation.lists import sentences

    said = sentences(imported.problems)
    lines = said[:20] + ([f"... và {len(said) - 20} chỗ khác (xem --json)."] if len(said) > 20 else [])
    head = f"Năm {imported.year}: {imported.households} hộ, {imported.members} nhân khẩu; bỏ {imported.rejected} dòng."
    changed = imported.changed
    if changed is None:
        lines.append("Chỉ đọc thử: chưa ghi gì. / Read only: nothing was written.")
    else:
        lines.append(
            f"Thêm {changed.added} hộ, sửa {changed.changed}, giữ nguyên {changed.unchanged}, bỏ {changed.removed}."
        )
        if changed.erased:
            lines.append(
                f"{changed.erased} hộ đã xoá theo yêu cầu: giữ phân loại, không giữ ai. / "
                f"{changed.erased} households were erased: their status is kept, nobody in them."
            )
        if changed.left:
            lines.append(
                f"{changed.left} hộ đã nhập của các xã này không có trong tệp; chạy lại với --replace để bỏ. / "
                f"{changed.left} households held of these communes stand not in the file; --replace removes them."
            )
    if imported.rejected_rows:
        lines.append(
            f"Sửa các dòng bị bỏ trong {rejected} rồi nhập tệp đó với cùng --mapping. / Correct and import it."
        )
    answer(
        {
            "year": imported.year,
            "households": imported.households,
            "members": imported.members,
            "rejected_rows": imported.rejected,
            "rejected_file": str(rejected) if imported.rejected_rows else None,
            "changed": None if changed is None else asdict(changed),
            "problems": imported.problems.to_dict("records"),
        },
        head,
        *lines,
        as_json=as_json,
    )


@app.command("export")
def export_list(
    out: Annotated[Path, typer.Argument(help="Tệp .xlsx sẽ ghi. / The .xlsx to write.")],
    year: Annotated[int, typer.Option(help="Năm của danh sách. / Year of the list.")],
    columns: Annotated[
        Path | None, typer.Option(help="Ánh xạ tiêu đề -> cột (YAML), ví dụ mẫu của bộ. / Heading -> column.")
    ] = None,
    province: Annotated[str, typer.Option(help="Mã tỉnh. / Province code.")] = "33",
    json: Json = False,
) -> None:
    """Xuất danh sách một năm ra bảng tính, mọi ô là văn bản. / Write a year's list as a worksheet of text."""
    from server.registry import service as registry

    with open_database() as database, database.session() as session:
        households = registry.export_list(session, out, province_code=province, year=year, columns=columns)
        note(session, "registry.export", "list", f"{province}:{year}")
    answer({"year": year, "households": households, "file": str(out)}, f"{out}: {households} hộ.", as_json=json)

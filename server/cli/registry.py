"""`rasoat registry import|export`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.cli.common import Json, answer, note, open_database

if TYPE_CHECKING:
    from reconciliation import Mapping
    from server.registry.service import Imported

#: Problems said at once, in each language.
_SHOWN = 20

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
    shown: dict[str, Any] = {}
    if guessed:
        beside = registry.mapping_beside(file)
        registry.save_mapping(of, beside)
        shown = _guess_of(of, beside)
        if not dry_run:
            answer({"imported": False} | shown, *_say_guess(of, beside, dry_run=False), as_json=json)
            raise typer.Exit(1)
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
            rejected=file.with_suffix(".rejected.xlsx") if rejected is None else rejected.with_suffix(".xlsx"),
        )
        if not dry_run:
            linkage.index_since(session, province, imported.year, started)
            note(session, "registry.import", "list", f"{province}:{imported.year}")
    answer(
        _import_of(imported) | shown,
        *(_say_guess(of, registry.mapping_beside(file), dry_run=True) if guessed else ()),
        *_say_import(imported),
        as_json=json,
    )


def _guess_of(of: Mapping, path: Path) -> dict[str, Any]:
    return {
        "mapping": str(path),
        "columns": [
            {
                "heading": rule.heading,
                "field": rule.field,
                "certainty": round(rule.certainty, 2),
                "samples": rule.samples,
            }
            for rule in of.columns
        ],
    }


def _say_guess(of: Mapping, path: Path, *, dry_run: bool) -> Iterator[str]:
    """What each column is taken for, and how to go on: nothing is imported with a mapping that nobody confirmed."""
    from reconciliation.lists.headings import FIELDS

    if not dry_run:
        yield "Chưa nhập: đã đoán từng cột, cần người xem lại. / Not imported: the guessed columns want a look."
    for rule in of.columns:
        label = FIELDS[rule.field]
        yield (
            f"  {'?' if rule in of.unsure() else ' '} «{rule.heading}»: {label.vi} / {label.en}"
            f" ({rule.certainty:.0%}; {', '.join(rule.samples) or 'trống / blank'})"
            + ("; ô trống như ô trên / a blank cell is as above" if rule.fill == "above" else "")
        )
    for sheet in of.sheets:
        yield f"  trang / sheet «{sheet.name}»: {'dùng / used' if sheet.use else 'bỏ qua / passed over'}"
    yield (
        f"Sửa {path} nếu có cột sai, đặt `confirmed: true`, rồi chạy lại lệnh này; năm sau dùng lại được. / "
        f"Correct {path}, set `confirmed: true`, and run this again; it serves next year's list too."
    )


def _import_of(imported: Imported) -> dict[str, Any]:
    return {
        "year": imported.year,
        "households": imported.households,
        "members": imported.members,
        "rejected_rows": imported.rejected,
        "rejected_file": None if imported.rejected_file is None else str(imported.rejected_file),
        "changed": None if imported.changed is None else asdict(imported.changed),
        "problems": imported.problems.to_dict("records"),
    }


def _say_import(imported: Imported) -> Iterator[str]:
    from reconciliation.lists import sentences

    yield (
        f"Năm {imported.year}: {imported.households} hộ, {imported.members} nhân khẩu; bỏ {imported.rejected} dòng. / "
        f"{imported.year}: {imported.households} households, {imported.members} persons; "
        f"{imported.rejected} rows left out."
    )
    more = len(imported.problems) - _SHOWN
    first = imported.problems.head(_SHOWN)
    yield from sentences(first)
    yield from sentences(first, "en")
    if more > 0:
        yield f"... và {more} chỗ khác (xem --json). / ... and {more} more (see --json)."
    changed = imported.changed
    if changed is None:
        yield "Chỉ đọc thử: chưa ghi gì. / Read only: nothing was written."
        return
    yield (
        f"Thêm {changed.added} hộ, sửa {changed.changed}, giữ nguyên {changed.unchanged}, bỏ {changed.removed}. / "
        f"Households: {changed.added} added, {changed.changed} changed, {changed.unchanged} unchanged, "
        f"{changed.removed} removed."
    )
    if changed.erased:
        yield (
            f"{changed.erased} hộ đã xoá theo yêu cầu: giữ phân loại, không giữ ai. / "
            f"{changed.erased} households were erased: their status is kept, nobody in them."
        )
    if changed.left:
        yield (
            f"{changed.left} hộ đã nhập của các xã này không có trong tệp; chạy lại với --replace để bỏ. / "
            f"{changed.left} households held of these communes are not in the file; --replace removes them."
        )
    if changed.overwritten:
        yield (
            f"{changed.overwritten} hộ mã tạm đã nhập từ tệp khác ({', '.join(changed.overwritten_from)}) nay ghi theo"
            " tệp này; nếu là hai thôn trùng tên, ghi `village` khác nhau cho từng trang trong tệp ánh xạ. / "
            f"{changed.overwritten} households with temporary codes came from another"
            f" file ({', '.join(changed.overwritten_from)}) and now hold what this file says; if these are two"
            " villages of one name, write a different `village` for each sheet in the mapping file."
        )
    if imported.rejected_rows:
        yield (
            f"Sửa các dòng bị bỏ trong {imported.rejected_file} rồi nhập tệp đó với cùng --mapping. / "
            f"Correct the rows left out in {imported.rejected_file} and import that file with the same --mapping."
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
    answer(
        {"year": year, "households": households, "file": str(out)},
        f"{out}: {households} hộ / households.",
        as_json=json,
    )

"""`rasoat forms parity`: phone against server over generated households."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from server.cli.common import Json, answer, progress_bars, settings

_SHOWN = 20


def parity(
    households: Annotated[int, typer.Option(min=1, help="Số hộ được sinh. / How many households.")] = 1000,
    standard: Annotated[
        str, typer.Option(help="Mã chuẩn nghèo hoặc tệp .yaml. / A standard's id or .yaml file.")
    ] = "nd07-2021",
    seed: Annotated[int, typer.Option(min=0, help="Số khởi tạo. / Seed.")] = 2026,
    json: Json = False,
) -> None:
    """So kết quả điện thoại tính với máy chủ, trên các hộ giả lập. / Compare what phone and server compute.

    Mã thoát là 0 chỉ khi không có giá trị nào lệch. / Exit status 0 only when no value differs.
    """
    from sandbox.parity import check
    from server.standards.service import load

    settings()
    with progress_bars(quiet=json) as bars:
        result = check(load(standard), households, seed, lambda done, total: bars("parity", done, total))
    differing = [
        f"{one.interview_id} {one.member_no or ''} {one.name}: điện thoại {one.phone}, máy chủ {one.server}"
        for one in result.mismatches[:_SHOWN]
    ]
    answer(
        {
            "standard": standard,
            "households": result.households,
            "values": result.values,
            "mismatches": len(result.mismatches),
        },
        *differing,
        f"{result.households} hộ, {result.values} giá trị, {len(result.mismatches)} giá trị lệch "
        f"/ {result.households} households, {result.values} values, {len(result.mismatches)} differ.",
        as_json=json,
    )
    if result.mismatches:
        sys.exit(1)

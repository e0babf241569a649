"""`rasoat standard list` and `rasoat standard show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from server.cli.common import Json, answer, settings

app = typer.Typer(help="Chuẩn nghèo đa chiều. / Poverty standards.", no_args_is_help=True)


@app.command("list")
def listing(json: Json = False) -> None:
    """Liệt kê các chuẩn nghèo có sẵn. / List the standards at hand."""
    from server.standards import service

    settings()
    found = service.at_hand()
    rows = [
        {
            "id": one.id,
            "title": one.title.vi,
            "review_years": [one.first_year, one.last_year],
            "based_on": one.based_on,
            "provisional": one.provisional,
        }
        for one in found
    ]
    lines = [
        f"{row['id']}: {row['title']}, rà soát {one.first_year}-{one.last_year}" + (" (tạm tính)" * one.provisional)
        for row, one in zip(rows, found, strict=True)
    ]
    answer({"standards": rows}, *lines, as_json=json)


@app.command("show")
def show(
    standard: Annotated[str, typer.Argument(help="Mã chuẩn nghèo hoặc tệp .yaml. / Its id or .yaml file.")],
    out: Annotated[Path | None, typer.Option(help="Ghi ra tệp HTML. / Write it to an HTML file.")] = None,
) -> None:
    """In chuẩn nghèo thành trang HTML: lời văn, căn cứ, trạng thái từng chỉ số. / Render a standard as a page.

    Cho hai chuẩn cạnh nhau trên một bộ số liệu: poverty.classify với từng chuẩn.
    / One data set under two standards: poverty.classify with each.
    """
    from poverty.page import page
    from server.standards import service
    from server.web.templating import STATIC

    settings()
    chosen = service.load(standard)
    style = (STATIC / "css" / "standard.css").read_text(encoding="utf-8")
    html = page(chosen, service.answer_words(), style)
    if out is None:
        typer.echo(html)
    else:
        out.write_text(html, encoding="utf-8")
        typer.echo(f"{chosen.id}: {out}")

"""`rasoat standard list` and `rasoat standard show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.common import Json, answer

if TYPE_CHECKING:
    from poverty import Standard

app = typer.Typer(help="Chuẩn nghèo đa chiều. / Poverty standards.", no_args_is_help=True)


@app.command("list")
def listing(json: Json = False) -> None:
    """Liệt kê các chuẩn nghèo có sẵn. / List the standards at hand."""
    from poverty import shipped_standards

    rows = [
        {
            "id": one.id,
            "title": one.title.vi,
            "review_years": [one.first_year, one.last_year],
            "provisional": one.provisional,
        }
        for one in shipped_standards()
    ]
    lines = [
        f"{row['id']}: {row['title']}, rà soát {one.first_year}-{one.last_year}" + (" (tạm tính)" * one.provisional)
        for row, one in zip(rows, shipped_standards(), strict=True)
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
    from forms.words import answer_words
    from poverty.page import page

    from forms.errors import FormError
    from forms.source import SOURCES, read_source
    from server.errors import UserError

    chosen = load(standard)
    try:
        words = answer_words(read_source(SOURCES / "household.md"))
    except FormError as error:
        raise UserError(
            "form_invalid", f"Nguồn phiếu hộ có lỗi: {error}", f"The household form's source: {error}"
        ) from None
    html = page(chosen, words)
    if out is None:
        typer.echo(html)
    else:
        out.write_text(html, encoding="utf-8")
        typer.echo(f"{chosen.id}: {out}")


def load(id_or_path: str) -> Standard:
    """The standard of that id or file. Raises `UserError`, which names the place in the file."""
    from poverty import StandardError, load_standard
    from server.errors import UserError

    try:
        return load_standard(id_or_path)
    except StandardError as error:
        raise UserError(
            "standard_invalid", f"Không dùng được chuẩn nghèo: {error}", f"The standard cannot be used: {error}"
        ) from None

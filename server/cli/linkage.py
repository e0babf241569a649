"""`rasoat reconcile`."""

from __future__ import annotations

from typing import Annotated

import typer

from server.cli.common import Json, RoundOption, answer, note, open_database, progress_bars, settings


def reconcile(
    round_id: RoundOption = None,
    train: Annotated[
        bool,
        typer.Option(
            "--train", help="Học lại mô hình trên dữ liệu của đợt rồi giữ lại dùng. / Train and keep a model."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Đối chiếu phiếu của đợt với danh sách năm trước. / Link the round with last year's list, count movements."""
    from server.linkage import service as linkage
    from server.rounds import service as rounds

    of = settings()
    with open_database(of) as database:
        with database.session() as session:
            chosen = rounds.choose(session, round_id).round_id
        with progress_bars(quiet=json) as report:
            result = linkage.reconcile(
                database, chosen, lambda done, total: report("link", done, total), train=train, settings=of.linkage
            )
        with database.session() as session:
            note(session, "linkage.train" if train else "linkage.reconcile", "round", chosen)
    answer(
        result.as_json(),
        f"Danh sách năm {result.registry_year}: {result.linked} trên {result.interviews} phiếu là hộ cũ, "
        f"{result.split} tách hộ, {result.merged} nhập hộ; {result.doubtful} cặp cần người xem. / "
        f"{result.linked} of {result.interviews} interviews are listed; {result.doubtful} pairs want a person.",
        f"Không thấy trong danh sách: {result.new} phiếu; chưa tìm thấy: {result.gone} hộ năm trước. / "
        f"Not on the list: {result.new} interviews; not found: {result.gone} listed households.",
        *(f"  {name}: {count}" for name, count in sorted(result.movements.items())),
        as_json=json,
    )

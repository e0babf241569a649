"""`rasoat sync` and `rasoat rebuild`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.common import Json, RoundOption, answer, open_database, progress_bars, report_error, settings

if TYPE_CHECKING:
    from server.central.service import Synced


def sync(
    full: Annotated[bool, typer.Option(help="Tải lại từ đầu. / From the beginning.")] = False,
    watch: Annotated[
        float | None, typer.Option(min=1, help="Lặp lại sau mỗi số giây này. / Again every so many seconds.")
    ] = None,
    round_id: RoundOption = None,
    json: Json = False,
) -> None:
    """Đồng bộ với ODK Central: gửi kết quả duyệt, tải phiếu, phân loại. / Send reviews, pull, classify."""
    from server.attachments import service as attachments
    from server.central import service as central
    from server.central.errors import CentralError

    of = settings()
    keeping = attachments.keep(of)
    with open_database(of) as database:
        while True:
            try:
                with progress_bars(quiet=json) as report:
                    done = central.sync(database, of.central, round_id, full=full, keeping=keeping, progress=report)
            except CentralError as error:
                # A watch outlives a Central that is down; what it cannot outlive, it ends with.
                if watch is None or not error.retryable:
                    raise
                report_error(error)
            else:
                full = False
                answer(done.as_json(), _summary(done), as_json=json)
            if watch is None:
                return
            time.sleep(watch)


def rebuild(round_id: RoundOption = None, json: Json = False) -> None:
    """Tính lại mọi phiếu từ dữ liệu đã nhận. / Derive every interview again from what was received."""
    from server.cases import service as cases
    from server.rounds import service as rounds

    with open_database() as database:
        with database.session() as session:
            chosen = rounds.choose(session, round_id).round_id
        with progress_bars(quiet=json) as report:
            derived = cases.rebuild(database, chosen, lambda done, total: report("derive", done, total))
    answer({"round": chosen, "derived": derived}, f"Đã tính lại {derived} phiếu của đợt {chosen}.", as_json=json)


def _summary(done: Synced) -> str:
    pulled, delivered = done.pulled, done.delivered
    of = ", ".join(sorted({one.source.round_id for one in done.forms}))
    stored = sum(one.files.stored for one in done.forms)
    expected = sum(one.files.expected for one in done.forms)
    return (
        f"Đợt {of}: {pulled.new} phiếu mới, {pulled.versions} bản sửa, {pulled.updated} thay đổi; "
        f"Central có {pulled.live_at_central}, ở đây {pulled.live}; tính lại {done.derived}; "
        f"{stored} tệp đính kèm mới, chờ {expected}; "
        f"gửi Central {delivered.sent}, hoãn {delivered.put_off}, hỏng {delivered.failed}."
    )

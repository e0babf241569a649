"""`rasoat sync`, `rasoat sync verify` and `rasoat rebuild`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.common import (
    Json,
    RoundOption,
    answer,
    open_database,
    progress_bars,
    report_error,
    settings,
)

if TYPE_CHECKING:
    from server.central.service import FormPulled, FormVerified, Synced

app = typer.Typer(help="Đồng bộ với ODK Central. / Sync with ODK Central.", invoke_without_command=True)

OpenRounds = Annotated[
    str | None,
    typer.Option("--round", help="Mã đợt; không ghi thì mọi đợt đang mở. / Round; every open one by default."),
]
#: Ids of one kind of difference that are printed; `--json` has all of them.
_IDS_SHOWN = 20
_KINDS = {
    "missing": "Central có, ở đây không / at Central only",
    "extra": "ở đây có, Central không / here only",
    "version": "khác phiên bản / another version",
    "state": "khác trạng thái / another state",
    "files": "khác số tệp đính kèm / other numbers of files",
}


@app.callback()
def sync(
    context: typer.Context,
    full: Annotated[bool, typer.Option(help="Tải lại từ đầu. / From the beginning.")] = False,
    watch: Annotated[
        float | None, typer.Option(min=1, help="Lặp lại sau mỗi số giây này. / Again every so many seconds.")
    ] = None,
    round_id: OpenRounds = None,
    json: Json = False,
) -> None:
    """Đồng bộ với ODK Central: gửi kết quả duyệt, tải phiếu, phân loại. / Send reviews, pull, classify."""
    if context.invoked_subcommand is not None:
        return
    from server.attachments import service as attachments
    from server.central import service as central
    from server.central.errors import CentralError
    from server.central.lease import SyncRunningError

    of = settings()
    keeping = attachments.keep(of)
    with open_database(of) as database:
        while True:
            try:
                with progress_bars(quiet=json) as report:
                    done = central.sync(database, of.central, round_id, full=full, keeping=keeping, progress=report)
            except (CentralError, SyncRunningError) as error:
                # A watch outlives a Central that is down; what it cannot outlive, it ends with.
                if watch is None or (isinstance(error, CentralError) and not error.retryable):
                    raise
                report_error(error)
            else:
                full = False
                answer(done.as_json(), *_summary(done), as_json=json)
            if watch is None:
                return
            time.sleep(watch)


@app.command("verify")
def verify(round_id: OpenRounds = None, json: Json = False) -> None:
    """So với Central: mã, phiên bản, trạng thái, số tệp. / Compare ids, versions, states and files with Central."""
    from server.central import service as central

    of = settings()
    with open_database(of) as database, progress_bars(quiet=json) as report:
        found = central.verify(database, of.central, round_id, progress=report)
    answer(found.as_json(), *(line for one in found.forms for line in _differences(one)), as_json=json)
    if not found.equal:
        raise typer.Exit(1)


def rebuild(round_id: RoundOption = None, json: Json = False) -> None:
    """Tính lại mọi phiếu từ dữ liệu đã nhận. / Derive every interview again from what was received."""
    from server.attachments.service import open_store
    from server.cases import service as cases
    from server.paradata import service as paradata
    from server.registry import service as registry
    from server.rounds import service as rounds

    of = settings()
    with open_database(of) as database:
        with database.session() as session:
            chosen = rounds.choose(session, round_id).round_id
        with progress_bars(quiet=json) as report:
            paradata.rebuild(database, open_store(of), chosen)
            derived = cases.rebuild(database, chosen, lambda done, total: report("derive", done, total))
            with database.session() as session:
                registry.recount(session, chosen)
    answer({"round": chosen, "derived": derived}, f"Đã tính lại {derived} phiếu của đợt {chosen}.", as_json=json)


def _summary(done: Synced) -> list[str]:
    delivered = done.delivered
    return [
        *(line for one in done.forms for line in _pulled(one)),
        f"Tính lại {done.derived} phiếu; gửi Central {delivered.sent}, hoãn {delivered.put_off}, hỏng "
        f"{delivered.failed}, trái nhau {delivered.conflicts}.",
    ]


def _pulled(one: FormPulled) -> list[str]:
    pulled = one.pulled
    lines = [
        f"Đợt {one.source.round_id}, phiếu {one.source.name}: {pulled.new} phiếu mới, "
        f"{pulled.versions + pulled.history} bản sửa, {pulled.updated} thay đổi; "
        f"Central có {pulled.live_at_central}, ở đây {pulled.live}."
    ]
    if pulled.healed:
        lines.append(f"  Đã sửa {pulled.healed} phiếu không khớp Central; {pulled.purged} phiếu Central không còn giữ.")
    for words, fields in (("thừa", one.unknown_fields), ("thiếu", one.missing_fields)):
        if fields:
            listed = ", ".join(f"{path} ({count})" for path, count in fields.items())
            lines.append(f"  Trường {words} so với phiếu đã phát hành: {listed}.")
    return lines


def _differences(one: FormVerified) -> list[str]:
    of = one.difference
    state = "khớp / equal" if of.is_none else "KHÔNG KHỚP / NOT EQUAL"
    lines = [
        f"Đợt {one.source.round_id}, phiếu {one.source.name}: Central {of.at_central}, ở đây {of.here}, "
        f"đã xóa theo yêu cầu {of.erased}: {state}"
    ]
    for kind in of.KINDS:
        ids = getattr(of, kind)
        if ids:
            lines.append(f"  {_KINDS[kind]}: {len(ids)}")
            lines += [f"    {one_id}" for one_id in ids[:_IDS_SHOWN]]
            if len(ids) > _IDS_SHOWN:
                lines.append(f"    … (--json: {len(ids)})")
    if not of.is_none:
        lines.append("  Chạy rasoat sync --full rồi so lại. / Run rasoat sync --full, then compare again.")
    return lines

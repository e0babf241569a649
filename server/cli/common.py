"""What the commands share: settings, the database, progress bars, answers, errors."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from server.database import Database
    from server.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="In một đối tượng JSON. / Print one JSON object.")]
RoundOption = Annotated[
    str | None,
    typer.Option("--round", help="Mã đợt rà soát; không ghi thì lấy đợt mới nhất. / Round; the latest by default."),
]

StageProgress = Callable[[str, int, int], None]

_STAGES = {
    "pull": "Tải phiếu từ Central",
    "compare": "So với Central",
    "files": "Tải ảnh và nhật ký phỏng vấn",
    "derive": "Phân loại, định vị, kiểm tra",
    "link": "Đối chiếu danh sách",
    "build": "Dựng phiếu",
    "publish": "Phát hành phiếu",
    "lists": "Gửi danh sách tới điện thoại",
    "phones": "Kiểm tra từng máy",
    "parity": "Điện thoại điền phiếu",
    "forms": "Đọc phiếu",
    # Of the demo.
    "population": "Sinh dân cư giả lập",
    "central": "Khởi động ODK Central giả lập",
    "set_up": "Nhập danh mục, phát hành phiếu",
    "field": "Phỏng vấn trên điện thoại",
    "sync": "Đồng bộ",
    "reconcile": "Đối chiếu danh sách",
    "check": "So với dữ liệu đã sinh",
}


def settings() -> Settings:
    """The settings of the environment; the province's own standards are then found. Raises `SettingsError`."""
    from server.settings import load_settings
    from server.standards.service import install

    found = load_settings()
    install(found)
    return found


@contextmanager
def open_database(of: Settings | None = None, *, check: bool = True) -> Iterator[Database]:
    """The database of the settings; with its schema up to date and its master key at hand, unless told not to look.

    Raises `UserError` when the schema is older (or newer) than the program, `SecretsError` for a wrong or missing key.
    """
    from server import migrations
    from server.database import Database
    from server.errors import UserError
    from server.secrets import service as secrets

    chosen = of or settings()
    chosen.data.dir.mkdir(parents=True, exist_ok=True)
    database = Database(chosen.database_url)
    try:
        if check:
            if migrations.current(database) != migrations.newest():
                raise UserError(
                    "database_old",
                    "Cơ sở dữ liệu chưa đúng phiên bản của chương trình. Chạy: rasoat db upgrade.",
                    "The database does not have this program's schema. Run: rasoat db upgrade.",
                )
            database.use_keys(secrets.check(database, chosen))
        yield database
    finally:
        database.dispose()


@contextmanager
def progress_bars(*, quiet: bool = False) -> Iterator[StageProgress]:
    """Progress bars on stderr, one per stage: the function takes (stage, done, total)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bars:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(_STAGES.get(stage, stage), total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield report


def note(session: Session, action: str, kind: str, object_id: str) -> None:
    """Keep in the access log what the command line did; ids only."""
    from server.audit.service import SYSTEM, Event, append

    append(session, SYSTEM, [Event(action, kind, object_id)])


def answer(result: dict[str, Any], *lines: str, as_json: bool) -> None:
    """The command's answer: as one JSON object, or as lines for a person."""
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, default=str))
    else:
        for line in lines:
            typer.echo(line)


def parse_day(text: str, option: str) -> date:
    """A day of an option, as 2026-09-01 or 01/09/2026. Raises `UserError`."""
    from datetime import datetime

    from server.errors import UserError

    for layout in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, layout).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise UserError(
        "option_day",
        f"{option}: ghi ngày dạng 2026-09-01 hoặc 01/09/2026.",
        f"{option}: give the day as 2026-09-01 or 01/09/2026.",
    )


def report_error(error: Exception) -> int:
    """Say an error on stderr, without values and without a stack trace where a person can mend it; the exit status."""
    from sqlalchemy.exc import SQLAlchemyError

    from server.errors import UserError
    from server.settings import SettingsError

    vi, en = getattr(error, "vi", None), getattr(error, "en", None)
    if isinstance(error, UserError | SettingsError) or (isinstance(vi, str) and isinstance(en, str)):
        typer.echo(str(error) if vi is None else f"{vi}\n{en}", err=True)
        return 1
    if isinstance(error, SQLAlchemyError):
        # Its text may hold rows: only the kind is said.
        typer.echo(
            f"Cơ sở dữ liệu báo lỗi ({type(error).__name__}). Chạy rasoat doctor; kiểm tra RASOAT_DATABASE_URL "
            "và ổ đĩa.\n"
            f"The database reports an error ({type(error).__name__}). Run rasoat doctor; check RASOAT_DATABASE_URL "
            "and the disk.",
            err=True,
        )
        return 1
    logging.getLogger("server.cli").debug("unforeseen", exc_info=error)
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = "" if frame is None else f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"
    typer.echo(
        f"Lỗi chưa lường trước: {type(error).__name__} tại {place}. Báo cho nhóm phát triển kèm dòng này.\n"
        f"Unforeseen error: {type(error).__name__} at {place}. Report it with this line.",
        err=True,
    )
    return 70


def fail(vi: str, en: str) -> None:
    """Say why the thing asked for does not hold, and end with status 1."""
    typer.echo(f"{vi}\n{en}", err=True)
    sys.exit(1)

"""`rasoat privacy erase`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from server.cli.common import Json, answer, open_database, settings

app = typer.Typer(help="Dữ liệu cá nhân. / Personal data.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keeps `erase` a subcommand while it is the only one."""


@app.command("erase")
def erase(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Mã phiếu (uuid:…) hoặc hộ trong danh sách (33/2025/MÃ). / Interview, or listed household.",
        ),
    ],
    by: Annotated[str, typer.Option(help="Tên đăng nhập của người yêu cầu. / User name of who asks for it.")],
    reason: Annotated[str, typer.Option(help="subject_request, retention hoặc no_ground. / Why.")],
    yes: Annotated[bool, typer.Option("--yes", help="Không hỏi lại. / Do not ask again.")] = False,
    json: Json = False,
) -> None:
    """Xóa vĩnh viễn dữ liệu cá nhân của một hộ: hủy khóa của hộ. / Erase a household for good: destroy its key."""
    from server.accounts import service as accounts
    from server.attachments.service import open_store
    from server.errors import NotFoundError
    from server.privacy import service as privacy

    why = privacy.parse_reason(reason)
    of = settings()
    with open_database(of) as database:
        with database.session() as session:
            user_id = accounts.user_id(session, by)
        if user_id is None:
            raise NotFoundError("user_unknown", "--by: không có tài khoản này.", "--by: there is no such account.")
        if not yes:
            typer.confirm(f"{subject}: xóa vĩnh viễn? / erase for good?", abort=True, err=True)
        erasure = privacy.erase(database, subject, by=user_id, reason=why, store=open_store(of))
    answer(
        asdict(erasure),
        f"{erasure.id}: đã hủy khóa và xóa mọi thứ suy ra từ dữ liệu của hộ. Bản gốc ở ODK Central và trên điện thoại "
        "phải xóa ở đó.",
        *(f"Danh sách còn giữ hộ {one}: rasoat privacy erase {one}" for one in erasure.also_held),
        as_json=json,
    )

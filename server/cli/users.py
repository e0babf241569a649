"""`rasoat user add|list|lock|unlock|link` and `rasoat key rotate`. No password is ever typed on a command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.cli.common import Json, answer, open_database, progress_bars, settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from server.accounts.actor import AreaKind, Role
    from server.accounts.login import Accounts
    from server.accounts.tables import User

app = typer.Typer(help="Tài khoản. / Accounts.", no_args_is_help=True)
key_app = typer.Typer(help="Khóa chính. / The master key.", no_args_is_help=True)

Username = Annotated[str, typer.Argument(help="Tên đăng nhập. / User name.")]


@app.command("add")
def add(
    username: Username,
    name: Annotated[str, typer.Option(help="Họ tên. / Full name.")],
    role: Annotated[
        list[str] | None,
        typer.Option(
            help="Vai trò và địa bàn, lặp lại được: supervisor@commune:12070, planner@province:33. / Role and area."
        ),
    ] = None,
    enumerator: Annotated[
        str | None, typer.Option(help="Tên trên điện thoại, nếu đi rà soát. / Name on the phone, of an enumerator.")
    ] = None,
    json: Json = False,
) -> None:
    """Tạo tài khoản và in liên kết đặt mật khẩu, dùng một lần. / Make an account, print its one-time link."""
    from server.accounts import service

    given = [_role_and_area(text) for text in role or []]
    with _accounts() as accounts, accounts.database.session() as session:
        user_id, link = service.create_user(
            accounts, session, None, username=username, full_name=name, enumerator=enumerator
        )
        for of_role, kind, code in given:
            service.give_role(accounts, session, None, user_id, of_role, kind, code)
    _say_link(accounts, user_id, link, json=json)


@app.command("link")
def link(username: Username, json: Json = False) -> None:
    """In liên kết mới để đặt lại mật khẩu. / Print a new link that sets the password."""
    from server.accounts import service

    with _accounts() as accounts, accounts.database.session() as session:
        user = _user(session, username)
        token = service.create_reset_link(accounts, session, None, user.id)
    _say_link(accounts, user.id, token, json=json)


@app.command("list")
def list_users(json: Json = False) -> None:
    """Các tài khoản và vai trò còn hiệu lực. / Every account with the roles it holds today."""
    from server.accounts import queries
    from server.accounts.login import VIET_NAM
    from server.accounts.service import system_scope

    with _accounts() as accounts, accounts.database.session() as session:
        today = accounts.clock().astimezone(VIET_NAM).date()
        found: list[dict[str, Any]] = [
            {
                "username": user.username,
                "full_name": user.full_name,
                "enumerator": user.enumerator,
                "roles": [
                    f"{grant.role.value}@{grant.area_kind.value}:{grant.area_code}"
                    for grant in queries.grants_of(session, user.id, today)
                ],
                "locked": user.disabled_at is not None,
                "has_password": user.password_hash is not None,
            }
            for user in queries.users(session, system_scope("command line"))
        ]
    lines = [
        f"{one['username']} ({one['full_name']}): {', '.join(one['roles']) or 'chưa có vai trò'}"
        + (", đã khóa" if one["locked"] else "")
        + ("" if one["has_password"] else ", chưa đặt mật khẩu")
        for one in found
    ]
    answer({"users": found}, *(lines or ["Chưa có tài khoản nào."]), as_json=json)


@app.command("lock")
def lock(username: Username, json: Json = False) -> None:
    """Khóa tài khoản: mọi phiên và mã truy cập hết hiệu lực ngay. / Close an account at once."""
    from server.accounts import service

    with _accounts() as accounts, accounts.database.session() as session:
        service.disable(accounts, session, None, _user(session, username).id)
    answer({"username": username, "locked": True}, f"Đã khóa tài khoản {username}.", as_json=json)


@app.command("unlock")
def unlock(username: Username, json: Json = False) -> None:
    """Mở khóa tài khoản. / Open a closed account again."""
    from server.accounts import service

    with _accounts() as accounts, accounts.database.session() as session:
        service.enable(accounts, session, None, _user(session, username).id)
    answer({"username": username, "locked": False}, f"Đã mở khóa tài khoản {username}.", as_json=json)


@key_app.callback()
def group() -> None:
    """Keeps `rotate` a subcommand while it is the only one."""


@key_app.command("rotate")
def rotate(json: Json = False) -> None:
    """Thay khóa chính: thêm khóa mới vào tệp, bọc lại mọi khóa hộ, rồi bỏ khóa cũ. / Replace the master key.

    Interrupted, it goes on where it stopped when it is run again. Other processes of the service read the file when
    they start: start them again.
    """
    from server.errors import UserError
    from server.secrets import service as secrets

    of = settings()
    path = secrets.key_file(of)
    if path is None:
        raise UserError(
            "key_in_environment",
            "Khóa chính nằm trong RASOAT_MASTER_KEY; chuyển nó vào một tệp và đặt RASOAT_MASTER_KEY_FILE rồi chạy lại.",
            "The master key stands in RASOAT_MASTER_KEY; put it into a file, set RASOAT_MASTER_KEY_FILE, run again.",
        )
    with open_database(of) as database:
        keys = secrets.master_keys(of)
        if len(keys) == 1:  # with more of them, an interrupted rotation goes on
            keys = secrets.add_key(path)
        with progress_bars(quiet=json) as report:
            count = secrets.rotate(database, keys, progress=lambda done, total: report("rotate", done, total))
        secrets.drop_old_keys(path)
    answer(
        {"rewrapped": count, "key_file": str(path)},
        f"Đã thay khóa chính trong {path}, bọc lại {count} khóa. Khởi động lại rasoat serve và rasoat worker.",
        as_json=json,
    )


@contextmanager
def _accounts() -> Iterator[Accounts]:
    from server.accounts.service import AccountPolicy, Accounts
    from server.secrets.service import master_keys

    of = settings()
    with open_database(of) as database:
        yield Accounts(database, master_keys(of), AccountPolicy(), lambda: datetime.now(UTC))


def _user(session: Session, username: str) -> User:
    from server.accounts import queries
    from server.accounts.errors import Refused
    from server.accounts.login import normal_username

    user = queries.user_by_name(session, normal_username(username))
    if user is None:
        raise Refused("unknown_user")
    return user


def _role_and_area(text: str) -> tuple[Role, AreaKind, str]:
    """`supervisor@commune:12070` as its parts. Raises `UserError`."""
    from server.accounts.actor import AreaKind, Role
    from server.errors import UserError

    role, _, area = text.partition("@")
    kind, _, code = area.partition(":")
    try:
        return Role(role), AreaKind(kind), code
    except ValueError:
        roles, kinds = ", ".join(Role), ", ".join(AreaKind)
        raise UserError(
            "role_option",
            f"--role: ghi vai trò@loại địa bàn:mã, ví dụ supervisor@commune:12070. Vai trò: {roles}. Địa bàn: {kinds}.",
            f"--role: give role@kind:code, as supervisor@commune:12070. Roles: {roles}. Kinds of area: {kinds}.",
        ) from None


def _say_link(accounts: Accounts, user_id: str, token: str, *, json: bool) -> None:
    path, hours = f"/reset/{token}", int(accounts.policy.reset_link.total_seconds() // 3600)
    answer(
        {"user_id": user_id, "reset_path": path, "hours": hours},
        f"Mở liên kết này trên địa chỉ của dịch vụ để đặt mật khẩu (một lần, trong {hours} giờ): {path}",
        as_json=json,
    )

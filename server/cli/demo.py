"""`rasoat demo`: a whole province in a box, from phones through ODK Central to the map, then served.

The only place where the service knows the sandbox. People are synthetic and their truth is known, so that the demo
checks itself: it ends well only when every submission arrived, every household with GPS lies where it was placed, and
every class is the one that the generator drew.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from server.cli.common import Json, answer, fail, progress_bars
from server.errors import UserError

if TYPE_CHECKING:
    import geopandas as gpd

    from sandbox.fieldwork import Submission
    from sandbox.population import Province
    from server.central.publish import RoundForm
    from server.database import Database
    from server.settings import CentralSettings, Settings

PROVINCE = "33"
ROUND = "2026"
REVIEW_DATE = date(2026, 9, 1)
#: Up to this many households are typed into phones one question at a time; more are written directly.
BY_PHONE_UP_TO = 2000
#: About so many households have a photo and an audit log: each is sent, fetched and sealed by itself.
WITH_FILES = 200

Scope = Literal["annual", "full"]

_MARKER = "rasoat-demo"

#: Called with the name of a stage, and what of it is done of how much (0 = not known).
Progress = Callable[[str, int, int], None]


def demo(
    households: Annotated[int, typer.Option(min=1, help="Số hộ được phỏng vấn. / Households interviewed.")] = 2000,
    scope: Annotated[
        str, typer.Option(help="annual: hộ trong danh sách và hộ đề nghị; full: mọi hộ. / Listed and applying, or all.")
    ] = "annual",
    seed: Annotated[int, typer.Option(help="Hạt giống của dữ liệu giả. / Seed of the synthetic people.")] = 2026,
    once: Annotated[bool, typer.Option("--once", help="Chạy xong thì dừng. / Stop after the loop.")] = False,
    boundaries: Annotated[
        Path | None, typer.Option(help="Lớp ranh giới xã, phường. / Layer of the communes' boundaries.")
    ] = None,
    data_dir: Annotated[
        Path, typer.Option(help="Thư mục của bản chạy thử, được làm mới. / The demo's folder, emptied first.")
    ] = Path("rasoat-data/demo"),
    port: Annotated[int, typer.Option(min=1, max=65535, help="Cổng của trang. / Port of the pages.")] = 8000,
    json: Json = False,
) -> None:
    """Chạy thử cả vòng trên một tỉnh giả lập rồi mở trang. / The whole loop on a synthetic province, then served."""
    if scope not in ("annual", "full"):
        raise UserError("demo_scope", "--scope là annual hoặc full.", "--scope is annual or full.")
    options = DemoOptions(households, "full" if scope == "full" else "annual", seed, boundaries, data_dir)
    with ExitStack() as stack:
        with progress_bars(quiet=json) as report:
            running = stack.enter_context(demo_province(options, report))
        answer(running.summary.as_json(), *_lines(running.summary), as_json=json)
        if not running.summary.holds:
            fail(
                "Kết quả không khớp với dữ liệu đã sinh ra: xem các số ở trên.",
                "The result is not what was generated: see the figures above.",
            )
        if not once:
            _serve(running, port)


def _lines(summary: DemoSummary) -> list[str]:
    classes = ", ".join(f"{name} {count}" for name, count in sorted(summary.classified.items()))
    return [
        f"{summary.submitted} phiếu gửi lên, {summary.pulled} phiếu tải về, {summary.communes} xã, phường.",
        f"Phân loại (tạm tính): {classes}; đúng như dữ liệu sinh ra: {summary.as_drawn}/{summary.households}.",
        f"Định vị đúng xã: {summary.located}/{summary.with_gps} hộ có GPS. "
        f"Đối chiếu được {summary.linked} hộ, {summary.doubtful} cặp cần người xem.",
        f"Thời gian: {sum(summary.seconds.values()):.0f} giây.",
    ]


def _serve(running: Running, port: int) -> None:
    from server.accounts.actor import demo_supervisor
    from server.cli.common import settings
    from server.cli.serve import run_service

    # The worker tells Central what is approved in the browser; the environment may turn it off here too.
    of = replace(running.settings, worker=settings().worker)
    typer.echo(f"Mở http://127.0.0.1:{port} · Ctrl+C để dừng. / Open it; Ctrl+C stops.", err=True)
    run_service(of, "127.0.0.1", port, demo_actor=demo_supervisor(PROVINCE))


@dataclass(frozen=True)
class DemoOptions:
    """What the demo is asked for."""

    households: int = 2000
    scope: Scope = "annual"
    seed: int = 2026
    boundaries: Path | None = None
    data_dir: Path = Path("rasoat-data/demo")


@dataclass
class DemoSummary:
    """What the loop did. `holds` says whether all of it is as it must be."""

    households: int = 0
    submitted: int = 0
    pulled: int = 0
    classified: dict[str, int] = field(default_factory=dict)
    with_gps: int = 0
    located: int = 0
    as_drawn: int = 0  # interviews whose class is the one the generator drew
    linked: int = 0
    doubtful: int = 0  # pairs that wait for a person at the desk
    communes: int = 0
    by_phone: bool = True
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return (
            self.households == self.submitted == self.pulled == self.as_drawn == sum(self.classified.values())
            and self.located == self.with_gps
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values; the names are stable."""
        return asdict(self) | {"holds": self.holds}


@dataclass
class Running:
    """The province after the loop, its stand-in Central still answering."""

    settings: Settings
    database: Database
    summary: DemoSummary
    province: Province


@contextmanager
def demo_province(options: DemoOptions, progress: Progress, given: CentralSettings | None = None) -> Iterator[Running]:
    """Run the whole loop; within the block the database is open and the stand-in Central runs.

    given: a Central to use instead of a stand-in; it gets a project of its own.
    Raises `UserError` for a folder that is not the demo's, or boundaries that do not fit.
    """
    from pydantic import SecretStr

    from sandbox.central.process import StandIn
    from sandbox.population import generate
    from server.attachments import service as attachments
    from server.central import service as central
    from server.database import Database
    from server.linkage import service as linkage
    from server.settings import CentralSettings, load_settings

    folder = _fresh_folder(options.data_dir)
    summary = DemoSummary(households=options.households, by_phone=options.households <= BY_PHONE_UP_TO)
    clock = _Clock(summary.seconds)
    with ExitStack() as stack:
        with clock("population"):
            progress("population", 0, 0)
            cells = _cells(options.boundaries)
            province = generate(options.households, _communes(cells), options.scope, options.seed)
        with clock("central"):
            progress("central", 0, 0)
            if given is None:
                stand_in = stack.enter_context(StandIn(folder / "central.sqlite"))
                given = CentralSettings(url=stand_in.url, user=stand_in.user, password=SecretStr(stand_in.password))
            settings = replace(load_settings({}, data={"dir": folder}), central=given)
            database = Database(settings.database_url)
            stack.callback(database.dispose)
        with clock("set_up"):
            progress("set_up", 0, 0)
            _set_up(database, options.scope, cells, province, folder)
            form, settings, phone_url = _publish(database, settings, folder)
        with clock("field"):
            summary.submitted = _interview(options, province, form, phone_url, progress)
        with clock("sync"):
            synced = central.sync(
                database, settings.central, ROUND, keeping=attachments.keep(settings), progress=progress
            )
            summary.pulled = synced.pulled.live
        with clock("reconcile"):
            progress("reconcile", 0, 0)
            reconciled = linkage.reconcile(database, ROUND, lambda done, total: progress("reconcile", done, total))
            summary.linked, summary.doubtful = reconciled.linked, reconciled.doubtful
        with clock("check"):
            progress("check", 0, 0)
            _compare(database, options.seed, province, summary)
        yield Running(settings, database, summary, province)


def _fresh_folder(folder: Path) -> Path:
    """The demo's folder, emptied of an earlier demo; a folder with anything else in it is left alone."""
    folder = folder.resolve()
    marker = folder / _MARKER
    if folder.exists() and any(folder.iterdir()):
        if not marker.exists():
            raise UserError(
                "demo_folder",
                f"{folder.name}: có tệp khác, không phải của bản chạy thử; chọn thư mục khác bằng --data-dir.",
                f"{folder.name}: the folder is not empty and not a demo's; choose another with --data-dir.",
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    marker.touch()
    return folder


def _cells(boundaries: Path | None) -> gpd.GeoDataFrame:
    """The communes' boundaries where given, else Voronoi cells around their centres."""
    from geo.boundaries import read_boundaries
    from geo.centres import read_centres
    from geo.errors import GeoError
    from geo.units import units
    from geo.voronoi import voronoi_cells

    valid_from = units(REVIEW_DATE, PROVINCE)["valid_from"].max().date()
    try:
        if boundaries is not None:
            return read_boundaries(boundaries, valid_from)
        return voronoi_cells(read_centres(PROVINCE))
    except GeoError as error:
        raise UserError("boundaries", str(error), str(error)) from None


def _communes(cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """What the generator needs of the communes: name, area_class, population, geometry, by code."""
    import geopandas as gpd

    from geo.units import units

    official = units(REVIEW_DATE, PROVINCE).reset_index().set_index("code")
    columns = official[["name", "area_class", "population"]].join(cells[["geometry"]], how="inner")
    return gpd.GeoDataFrame(columns, geometry="geometry", crs=cells.crs)


def _set_up(database: Database, scope: Scope, cells: gpd.GeoDataFrame, province: Province, folder: Path) -> None:
    """The database as a province's officer would set it up: units, villages, residents, round, last year's list."""
    from reconciliation import Registry, head_names, write_registry
    from server import migrations
    from server.registry import service as registry
    from server.rounds import service as rounds
    from server.secrets import service as secrets
    from server.settings import load_settings
    from server.units import service as units

    migrations.upgrade(database)
    database.use_keys(secrets.set_up(database, load_settings({}, data={"dir": folder})))
    list_file = folder / "registry-2025.xlsx"
    households = province.registry_households.set_index("household_code")
    members = province.registry_members.set_index(["household_code", "member_no"])
    households["head_name"] = head_names(members)
    if len(households):
        write_registry(Registry(households, members, _no_problems()), list_file)
    with database.session() as session:
        units.import_official_units(session)
        units.import_cells(session, cells)
        units.import_villages(
            session, province.villages, on=REVIEW_DATE, province_code=PROVINCE, source="bịa ra cho bản chạy thử"
        )
        units.import_residents(
            session,
            province.residents,
            year=REVIEW_DATE.year,
            on=REVIEW_DATE,
            province_code=PROVINCE,
            source="bịa ra cho bản chạy thử",
            source_date=REVIEW_DATE,
        )
        rounds.create(session, ROUND, province_code=PROVINCE, review_date=REVIEW_DATE, scope=scope)
        rounds.advance(session, ROUND, "open")
        if len(households):
            registry.import_list(session, list_file, province_code=PROVINCE)


def _no_problems() -> Any:
    import pandas as pd

    return pd.DataFrame(columns=["row", "column", "problem", "rejected"])


def _publish(database: Database, settings: Settings, folder: Path) -> tuple[RoundForm, Settings, str]:
    """A project, the published form, and an app user who may fill it; the address that phones send to."""
    from server.central.client import Central, part
    from server.central.release import publish_round

    with Central(settings.central) as session:
        project = session.send("POST", "projects", "project", json={"name": f"Rà soát {ROUND} (chạy thử)"})
    settings = _with_project(settings, project["id"])
    published = publish_round(database, settings.central, folder / "form", ROUND).form()
    path = f"projects/{project['id']}"
    with Central(settings.central) as session:
        user = session.send("POST", f"{path}/app-users", "app user", json={"displayName": "Rà soát viên"})
        form_path = f"{path}/forms/{part(published.at_central.form_id)}"
        session.send("POST", f"{form_path}/assignments/app-user/{user['id']}", "app user")
    return published.form, settings, f"{settings.central.url}/v1/key/{user['token']}/{path}"


def _with_project(settings: Settings, project_id: int) -> Settings:
    return replace(settings, central=settings.central.model_copy(update={"project_id": project_id}))


def _interview(options: DemoOptions, province: Province, form: RoundForm, phone_url: str, progress: Progress) -> int:
    """Fill every household's form and send it; how many Central took."""
    from poverty import standard_for
    from sandbox.fieldwork import send
    from sandbox.interviews import by_phone, directly
    from sandbox.paradata import with_files
    from sandbox.phone_lists import write_lists

    write_lists(province, ROUND, form.media_dir)
    filled: Iterator[Submission]
    if options.households <= BY_PHONE_UP_TO:
        filled = by_phone(province, form.built, form.media_dir, seed=options.seed)
    else:
        standard = standard_for(REVIEW_DATE.year)
        filled = directly(province, form.built, form.media_dir, standard=standard, seed=options.seed)
    share = min(1.0, WITH_FILES / options.households)
    filled = with_files(filled, form.built, seed=options.seed, logged=0.9 * share, photographed=0.7 * share)
    return send(filled, phone_url, lambda done: progress("field", done, options.households))


def _compare(database: Database, seed: int, province: Province, summary: DemoSummary) -> None:
    """Hold what the service found against what the generator drew."""
    from sandbox.interviews import instance_id
    from server.cases import service as cases

    with database.session() as session:
        found = cases.cases_frame(session, ROUND)
    truth = province.truth
    truth = truth.set_axis([instance_id(seed, str(key)) for key in truth.index]).reindex(found.index)
    summary.classified = {str(key): int(n) for key, n in found["proposed_class"].value_counts().items()}
    summary.as_drawn = int((found["proposed_class"].astype("str") == truth["proposed_class"].astype("str")).sum())
    gps = province.households["latitude"].notna()
    summary.with_gps = int(gps.sum())
    summary.located = int((found["commune_gps"].astype("str") == truth["commune_code"].astype("str")).sum())
    summary.communes = int(found["commune_code"].nunique())


class _Clock:
    """Wall seconds by stage."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds = seconds

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self._seconds[stage] = round(time.monotonic() - started, 2)

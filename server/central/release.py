"""Everything a round needs at Central: its forms, its entity lists with their rule, its phones, and their rows.

All forms are built and held against the published ones before the first is touched. Each form stays as it is until its
new version is whole; a run that broke off is finished by the next, and a run with nothing to change writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forms.build import FORM_NAMES
from server.central.client import Central
from server.central.closing import Closing, close
from server.central.entities import Pushed
from server.central.publish import Published, RoundForm, build_round_form, changes, publish
from server.database import Database
from server.enumerators import service as enumerators
from server.enumerators.service import Provisioned
from server.errors import ConflictError
from server.rounds import service as rounds
from server.rounds.tables import HOUSEHOLD
from server.settings import CentralSettings

if TYPE_CHECKING:
    from forms.diff import Diff

#: Called with the name of a stage, and what of it is done of how much.
StageProgress = Callable[[str, int, int], None]
_SHOWN = 10


@dataclass(frozen=True)
class PublishedForm:
    """A form of the round: as built, and as it stands at Central."""

    name: str
    form: RoundForm
    at_central: Published


@dataclass(frozen=True)
class PublishedRound:
    """What stands at Central for a round now, and what had to be done for it."""

    round_id: str
    project_id: int
    forms: tuple[PublishedForm, ...]
    closing: tuple[Closing, ...]
    phones: Provisioned
    lists: tuple[Pushed, ...]

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        written = self.phones.written + sum(one.written for one in self.lists)
        return bool(written) or any(one.at_central.changed for one in self.forms)

    def form(self, name: str = HOUSEHOLD) -> PublishedForm:
        """One of the forms, by the name of its source."""
        return next(one for one in self.forms if one.name == name)

    def as_json(self) -> dict[str, Any]:
        """Plain values for `--json`; the names are stable."""
        return {
            "round": self.round_id,
            "project_id": self.project_id,
            "changed": self.changed,
            "forms": [{"name": one.name} | asdict(one.at_central) for one in self.forms],
            "closing": [asdict(one) for one in self.closing],
            "phones": asdict(self.phones),
            "lists": [asdict(one) for one in self.lists],
        }


class DataLossError(ConflictError):
    """A new version in which answers already given have no place; `diffs` says which."""

    def __init__(self, diffs: Sequence[Diff]) -> None:
        self.diffs = tuple(diffs)
        lost = [(diff.form_id, change) for diff in diffs for change in diff.of_grade("would_lose_data")]
        more = len(lost) - _SHOWN
        vi = [f"{form_id}: {one.name}: {one.vi}" for form_id, one in lost[:_SHOWN]]
        en = [f"{form_id}: {one.name}: {one.en}" for form_id, one in lost[:_SHOWN]]
        super().__init__(
            "form_data_loss",
            "Chưa phát hành gì: phiên bản mới làm mất câu trả lời đã có.\n"
            + "\n".join(vi)
            + (f"\n... và {more} chỗ khác (rasoat forms diff)." if more > 0 else "")
            + "\nSửa phiếu, hoặc phát hành với --allow-data-loss nếu đúng là muốn vậy.",
            "Nothing was published: the new version would lose answers already given.\n"
            + "\n".join(en)
            + (f"\n... and {more} more (rasoat forms diff)." if more > 0 else "")
            + "\nMend the form, or publish with --allow-data-loss if that is what you want.",
        )


def publish_round(
    database: Database,
    settings: CentralSettings,
    out_dir: Path,
    round_id: str | None = None,
    *,
    names: Sequence[str] = FORM_NAMES,
    show_proposal: bool = False,
    allow_data_loss: bool = False,
    progress: StageProgress = lambda _stage, _done, _total: None,
) -> PublishedRound:
    """Build a round's forms and bring Central to them; the round then takes its interviews from there.

    names: the forms to publish; others of the round stay as they are. A form that the round has no more goes out of use
    (`server.central.closing`). Stages: `build`, `publish`, `lists`.

    Raises `CentralError`, `UserError`; `DataLossError` unless `allow_data_loss`; `ConflictError` for a closed round.
    """
    with database.session() as session:
        of = rounds.choose(session, round_id)
        if of.status == "closed":
            raise ConflictError(
                "round_closed",
                f"Đợt {of.round_id} đã đóng, không phát hành phiếu nữa.",
                f"Round {of.round_id} is closed; its forms are not published any more.",
            )
        built: dict[str, RoundForm] = {}
        for done, name in enumerate(names):
            progress("build", done, len(names))
            built[name] = build_round_form(session, of.round_id, out_dir, name, show_proposal=show_proposal)
        progress("build", len(names), len(names))
        before = {one.name: one.form_id for one in rounds.forms_of(session, of.round_id)}
    with Central(_in_project(database, settings, of.round_id)) as central:
        with database.session() as session:
            for form in built.values():
                rounds.check_form_free(session, of.round_id, central.project_id, form.built.form_id)
        if not allow_data_loss:
            diffs = [diff for form in built.values() if (diff := changes(central, form)) is not None]
            if losing := [diff for diff in diffs if diff.worst == "would_lose_data"]:
                raise DataLossError(losing)
        published = []
        for done, (name, form) in enumerate(built.items()):
            progress("publish", done, len(built))
            at_central = publish(central, form)
            with database.session() as session:
                rounds.attach_form(
                    session, of.round_id, name, at_central.project_id, at_central.form_id, at_central.version
                )
            published.append(PublishedForm(name, form, at_central))
        progress("publish", len(built), len(built))
        old = [
            form_id
            for name, form_id in before.items()
            if name not in FORM_NAMES or (name in built and built[name].built.form_id != form_id)
        ]
        closing = tuple(close(central, form_id) for form_id in sorted(old))
        phones = enumerators.provision(database, central, of.round_id)
        lists = enumerators.send_lists(
            database, central, of.round_id, lambda done, total: progress("lists", done, total)
        )
        return PublishedRound(of.round_id, central.project_id, tuple(published), closing, phones, tuple(lists))


def close_forms(
    database: Database, settings: CentralSettings, round_id: str | None = None, *, at_once: bool = False
) -> list[Closing]:
    """Take all forms of a round out of use: closed where every phone has reported, or `at_once`.

    Raises `CentralError`, `NotFoundError`.
    """
    with database.session() as session:
        of = rounds.choose(session, round_id)
        form_ids = [one.form_id for one in rounds.forms_of(session, of.round_id)]
    with Central(_in_project(database, settings, of.round_id)) as central:
        return [close(central, form_id, at_once=at_once) for form_id in form_ids]


def _in_project(database: Database, settings: CentralSettings, round_id: str) -> CentralSettings:
    """The settings, for the project where the round began: it stays there."""
    with database.session() as session:
        project_id = rounds.project_of(session, round_id)
    return settings if project_id is None else settings.model_copy(update={"project_id": project_id})

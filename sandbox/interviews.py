"""Every interview of a synthetic province as a finished submission, typed into phones or written directly."""

from __future__ import annotations

import multiprocessing
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forms.build import BuiltForm
from sandbox.fieldwork import Submission

if TYPE_CHECKING:
    from poverty import Standard
    from sandbox.phone import Answers, Phone
    from sandbox.population import Province

_NAMESPACE = uuid.UUID("6f1c1f0e-5d0b-4f0e-9d5b-2f3c8f7a2026")
_AT_ONCE = 25  # households a phone's process takes at a time
_WRITTEN_AT_ONCE = 5000

_phone: Phone | None = None


def instance_id(seed: int, household_no: str) -> str:
    """The instanceID of a household's interview: the same for the same seed, so that truth can be looked up by it."""
    return f"uuid:{uuid.uuid5(_NAMESPACE, f'{seed}/{household_no}')}"


def by_phone(
    province: Province, form: BuiltForm, media_dir: Path, *, seed: int, processes: int = 2
) -> Iterator[Submission]:
    """Type every household into a phone: each of `processes` is a process of its own with a JVM. Order is kept."""
    from sandbox.phone import by_interview

    ids = list(province.households.index)
    people = by_interview(province.members)
    tasks = (_rows(province, ids[start : start + _AT_ONCE], people) for start in range(0, len(ids), _AT_ONCE))
    # `spawn`: a JVM does not survive a fork.
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, initializer=_open_phone, initargs=(form, media_dir)) as pool:
        for batch in pool.imap(partial(_fill, seed=seed), tasks):
            yield from batch


def directly(
    province: Province, form: BuiltForm, media_dir: Path, *, standard: Standard, seed: int
) -> Iterator[Submission]:
    """The same submissions written without phones, some thousands of households at a time. Order is kept.

    `standard` must be the one the form was built with.
    """
    from sandbox.submissions import write

    sizes = province.members.groupby(level=0).size()
    for start in range(0, len(province.households), _WRITTEN_AT_ONCE):
        households = province.households.iloc[start : start + _WRITTEN_AT_ONCE]
        began = pd.to_datetime(households["visited_at"])
        visits = pd.DataFrame(
            {
                "instance_id": [instance_id(seed, str(key)) for key in households.index],
                "started_at": began,
                "ended_at": began + _length(sizes.reindex(households.index, fill_value=0)),
                "username": households["enumerator"],
            },
            index=households.index,
        )
        members = province.members[province.members.index.isin(households.index, level=0)]
        written = write(form, media_dir, standard, households, members, visits)
        for identity, xml in zip(visits["instance_id"], written, strict=True):
            yield Submission(identity, xml)


def _length(members: Any) -> Any:
    """How long an interview takes: ten minutes and three for each member."""
    return pd.Timedelta(minutes=10) + members * pd.Timedelta(minutes=3)


def _rows(
    province: Province, ids: list[str], people: dict[str, list[Answers]]
) -> list[tuple[str, pd.Series, list[Answers]]]:
    # Nobody of a household that was not met.
    return [(str(key), row, people.get(str(key), [])) for key, row in province.households.loc[ids].iterrows()]


def _open_phone(form: BuiltForm, media_dir: Path) -> None:
    global _phone
    from sandbox.phone import Phone

    _phone = Phone(form, media_dir)


def _fill(rows: list[tuple[str, Any, list[Answers]]], *, seed: int) -> list[Submission]:
    assert _phone is not None
    filled = []
    for household_no, household, members in rows:
        started = pd.Timestamp(household["visited_at"])
        identity = instance_id(seed, household_no)
        xml = _phone.fill(
            household,
            members,
            instance_id=identity,
            started_at=started.to_pydatetime(),
            ended_at=(started + _length(len(members))).to_pydatetime(),
            username=household["enumerator"],
        )
        filled.append(Submission(identity, xml))
    return filled

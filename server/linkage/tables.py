"""Tables of the linkage: pairs as found and as decided, what people decided, models, and keys to look one record up.

Links are derived: reconciling again replaces a round's, with what people decided taken into account. No table here
holds a name, a number or a place of a person.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.database import Base
from server.registry.tables import RegistryHousehold

#: What the interview is to the listed household: the same; a part that left it (tách hộ); the household into which
#: members of the listed one moved (nhập hộ).
KINDS = ("same", "split", "merge")
#: `linked`: found, and nobody need look. `doubtful`: a person must. `decided`: a person said what it is. `apart`: a
#: person said that they have nothing to do with each other.
STATUSES = ("linked", "doubtful", "decided", "apart")
#: Statuses under which the pair counts as what its kind says.
HOLDS = ("linked", "decided")
VERDICTS = ("same", "different", "unsure", "split", "merge")
#: Why a household of last year's list was not found: died out, moved away, would not be reviewed, something else.
ABSENCES = ("death", "move", "refusal", "other")


class Link(Base):
    """An interview and the household on the list that it is, or may be. `same` that holds is one to one."""

    __tablename__ = "links"
    __table_args__ = (
        Index("ix_links_interview", "interview_id"),
        Index("ix_links_round_household", "round_id", "registry_year", "household_code"),
        Index("ix_links_waiting", "round_id", "next_reading"),
    )

    province_code: Mapped[str] = mapped_column(String(2), primary_key=True)
    round_id: Mapped[str] = mapped_column(ForeignKey("rounds.round_id"), primary_key=True)
    registry_year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    interview_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    household_code: Mapped[str] = mapped_column(String(100), primary_key=True)
    #: As it counts now: as found, unless people decided otherwise.
    kind: Mapped[str] = mapped_column(String(10))
    status: Mapped[str] = mapped_column(String(10))
    #: As the linkage found it, to go back to when a decision is undone.
    found_kind: Mapped[str] = mapped_column(String(10))
    found_status: Mapped[str] = mapped_column(String(10))
    weight: Mapped[float]  # match weight, bits
    members_agree: Mapped[int]
    #: What the weight rests on, numbers only: {"household": {name: bits or level}, "people": [{"member_no",
    #: "registry_member_no", "weight", and the level of each comparison}]}, as `reconciliation.linkage.Linkage` has it.
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)
    model: Mapped[str] = mapped_column(String(64))  # fingerprint of the model that weighed it
    readers: Mapped[int]  # people who are to read it by themselves: 0, 1 or 2
    next_reading: Mapped[int | None]  # the reading that it waits for: 1, 2 or 3; NULL = none

    #: The listed household, to join with; whoever wants its row selects it, within their scope.
    listed: Mapped[RegistryHousehold] = relationship(
        primaryjoin="and_(foreign(Link.province_code) == RegistryHousehold.province_code,"
        " foreign(Link.registry_year) == RegistryHousehold.year,"
        " foreign(Link.household_code) == RegistryHousehold.household_code)",
        viewonly=True,
        lazy="raise",
    )


class LinkDecision(Base):
    """What one person said of one pair. Never changed, but for being undone; gone when either household is erased."""

    __tablename__ = "link_decisions"
    __table_args__ = (
        Index("ix_link_decisions_pair", "round_id", "interview_id", "household_code"),
        Index("ix_link_decisions_reader", "reader", "decided_at"),
    )

    decision_id: Mapped[int] = mapped_column(primary_key=True)
    province_code: Mapped[str] = mapped_column(String(2))
    round_id: Mapped[str] = mapped_column(ForeignKey("rounds.round_id"))
    registry_year: Mapped[int]
    interview_id: Mapped[str] = mapped_column(String(100))
    household_code: Mapped[str] = mapped_column(String(100))
    version_id: Mapped[str] = mapped_column(String(100))  # the version of the interview that was read
    verdict: Mapped[str] = mapped_column(String(10))
    reading: Mapped[int]  # 1, 2 (blind to the first), 3 (of a disagreement)
    readers: Mapped[int]  # people who were to read the pair by themselves
    reader: Mapped[str] = mapped_column(String(120))  # user id
    found_status: Mapped[str] = mapped_column(String(10))  # as the linkage had found the pair
    weight: Mapped[float]  # as it was shown
    model: Mapped[str] = mapped_column(String(64))  # fingerprint of the model behind the weight
    decided_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class AbsenceDecision(Base):
    """Why a household of last year's list was not found, as a person said. Never changed, but for being undone."""

    __tablename__ = "absence_decisions"
    __table_args__ = (Index("ix_absence_decisions_household", "round_id", "registry_year", "household_code"),)

    decision_id: Mapped[int] = mapped_column(primary_key=True)
    province_code: Mapped[str] = mapped_column(String(2))
    round_id: Mapped[str] = mapped_column(ForeignKey("rounds.round_id"))
    registry_year: Mapped[int]
    household_code: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(String(10))  # one of `ABSENCES`
    reader: Mapped[str] = mapped_column(String(120))  # user id
    decided_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class LinkageModel(Base):
    """A model that linked a round: trained in this campaign, or the one that ships with the program."""

    __tablename__ = "linkage_models"

    province_code: Mapped[str] = mapped_column(String(2), primary_key=True)
    round_id: Mapped[str] = mapped_column(ForeignKey("rounds.round_id"), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    model: Mapped[str] = mapped_column(Text)  # `reconciliation.linkage.Model.to_json`; "" = ships with the program
    data_fingerprint: Mapped[str] = mapped_column(String(64))  # of the data it was trained on
    trained_at: Mapped[datetime | None]  # NULL = it ships with the program
    trained_by: Mapped[str | None] = mapped_column(String(120))  # user id, or `system` for the command line
    active: Mapped[bool]  # one of a round at most
    cut_link: Mapped[float]  # match weight from which a pair is linked without a person, bits
    cut_doubt: Mapped[float]  # match weight from which a person looks, bits
    used_at: Mapped[datetime]  # when the round was last linked with it


class RegistryKey(Base):
    """A key of a household on a list, as an 8-byte piece of its keyed hash: finds the candidates of one record."""

    __tablename__ = "registry_keys"
    __table_args__ = (
        Index("ix_registry_keys_household", "province_code", "year", "household_code"),
        {"sqlite_with_rowid": False},
    )

    province_code: Mapped[str] = mapped_column(String(2), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    household_code: Mapped[str] = mapped_column(String(100), primary_key=True)

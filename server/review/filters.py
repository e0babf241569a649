"""What a supervisor asked the queue for: everything but a name stands in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Query

from server.audit.service import Purpose
from server.review.tables import CONFLICT

State = Literal["waiting", "conflict", "returned", "approved", "rejected", "all"]
#: Review states behind each choice; None: all of them.
STATES: dict[str, tuple[str, ...] | None] = {
    "waiting": ("received", "edited"),
    "conflict": (CONFLICT,),
    "returned": ("hasIssues",),
    "approved": ("approved",),
    "rejected": ("rejected",),
    "all": None,
}
Class = Literal["poor", "near_poor", "not_poor", "undetermined"]


@dataclass(frozen=True)
class Filters:
    """One way to look at a round's interviews. `search` is a head's name: it comes in a form's body only; `purpose` is
    why one reads who reads with a purpose only (`server.accounts.access.needs_purpose`)."""

    round_id: str | None = None
    state: State = "waiting"
    commune: str | None = None
    village: str | None = None
    flag: str | None = None
    proposed: Class | None = None
    search: str = ""
    purpose: Purpose | None = None

    def query(self, **more: str | int | None) -> str:
        """The address's query for these filters (without the search), `?` included; empty for the plain queue."""
        values: dict[str, str | int | None] = {
            "round": self.round_id,
            "state": None if self.state == "waiting" else self.state,
            "commune": self.commune,
            "village": self.village,
            "flag": self.flag,
            "class": self.proposed,
            "purpose": None if self.purpose is None else self.purpose.value,
            **more,
        }
        given = {name: value for name, value in values.items() if value is not None}
        return f"?{urlencode(given)}" if given else ""


def filters_of(
    round_id: Annotated[str | None, Query(alias="round", max_length=40)] = None,
    state: State = "waiting",
    commune: Annotated[str | None, Query(pattern=r"^(\d{5})?$")] = None,
    village: Annotated[str | None, Query(max_length=40)] = None,
    flag: Annotated[str | None, Query(pattern=r"^[a-z_]*$", max_length=40)] = None,
    proposed: Annotated[Class | Literal[""] | None, Query(alias="class")] = None,
    purpose: Annotated[Purpose | None, Query()] = None,
) -> Filters:
    """The filters of an address; an empty choice of a form is no filter."""
    return Filters(
        round_id or None, state, commune or None, village or None, flag or None, proposed or None, purpose=purpose
    )

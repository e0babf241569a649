"""What a person must still say of identity, as one reader sees it: questions all of whose sides lie within a scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from server.accounts.access import Scope
from server.registry.appearances import within
from server.registry.deciding import last_of
from server.registry.identity import appearances_of, days_of, open_questions
from server.registry.tables import IdentityQuestion

if TYPE_CHECKING:
    from reconciliation.identity import Appearance


@dataclass(frozen=True)
class Waiting:
    """A question: the appearances asked about, and where each household concerned was seen last before, by id."""

    question: IdentityQuestion
    asked: list[Appearance]
    households: dict[str, Appearance]

    @property
    def key(self) -> tuple[str, int]:
        """What names it until its source is identified again; in the order of the page."""
        return self.question.source, self.question.number


def waiting(session: Session, province_code: str, scope: Scope) -> tuple[list[Waiting], int]:
    """The questions that wait, in their order; and of how many interviews the desk must first say what they are."""
    from reconciliation.identity import Appearance
    from server.linkage import service as linkage

    found = open_questions(session, province_code)
    doubtful = {code for one in found if _is_of_the_desk(one) for code in one.codes}
    desk = linkage.at_the_desk(session, doubtful)
    held = appearances_of(session, province_code, {of for one in found for of in one.household_ids})
    days = days_of(session, {one.source for of in held.values() for one in of})
    every: list[Waiting] = []
    for one in found:
        before = {of: last_of(held[of], days, one.source) for of in one.household_ids}
        known = {of: last for of, last in before.items() if last is not None}
        every.append(Waiting(one, [Appearance(one.source, code) for code in one.codes], known))
    near = within(session, province_code, {of for one in every for of in (*one.asked, *one.households.values())}, scope)
    mine = [one for one in every if near.issuperset(one.asked) and near.issuperset(one.households.values())]
    at_desk = [one for one in mine if _is_of_the_desk(one.question) and desk.intersection(one.question.codes)]
    return [one for one in mine if one not in at_desk], len(at_desk)


def _is_of_the_desk(question: IdentityQuestion) -> bool:
    """A doubtful pair of an interview and the list is read at the desk, by two where it must be."""
    return question.kind == "doubtful" and question.source.startswith("round/")

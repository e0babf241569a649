"""A round identified so that a person is asked whose some of its interviews are."""

from __future__ import annotations

import pandas as pd

from server.database import Database
from server.linkage.settling import Pair
from server.registry import service as registry
from tests.browser.province import PROVINCE, ROUND
from tests.server.pairs import YEAR, add_pairs

#: What waits, in the order of the page.
KINDS = ("two_households", "doubtful", "keeper")


def add_questions(database: Database) -> list[Pair]:
    """Six listed households and the interviews that resemble them; the pairs.

    The first interview is linked with two households, the second was doubtful for everybody, the third and fourth are
    parts of one household, the fifth is linked, and the sixth is new.
    """
    pairs = add_pairs(database, 6, readers=0)
    interviews, codes = zip(*pairs, strict=True)
    links = [
        (interviews[0], codes[0], "linked"),
        (interviews[0], codes[5], "linked"),
        (interviews[1], codes[1], "doubtful"),
        (interviews[2], codes[2], "linked"),
        (interviews[3], codes[2], "linked"),
        (interviews[4], codes[4], "linked"),
    ]
    frame = pd.DataFrame(links, columns=["interview_id", "household_code", "status"])
    with database.session() as session:
        registry.identify(session, ROUND, frame)
    return pairs


def household_of(database: Database, interview_id: str) -> str:
    """The household over the years that an interview belongs to."""
    with database.session() as session:
        found = registry.household_of(session, PROVINCE, ROUND, interview_id)
    assert found is not None
    return found


def listed_household(database: Database, code: str) -> str:
    """The household over the years that a line of last year's list belongs to."""
    from server.registry.tables import HouseholdAppearance

    with database.session() as session:
        found = session.get(HouseholdAppearance, (PROVINCE, f"list/{YEAR}", code))
        assert found is not None
        return found.household_id

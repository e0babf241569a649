"""Which households are worth comparing: those whose members share a key, whoever heads them.

Any member is looked up among all members, so that last year's head is found as this year's wife. A rule's `bits` are
what sharing its key is worth when candidates are ranked; they decide nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

#: Candidates kept of each interview and of each listed household.
_OF_INTERVIEW, _OF_LISTED = 4, 2
#: A candidate with less than this share of the best one's bits is not compared.
_FAIR = 0.15

#: Bits of one weak key.
_WEAK = 10


@dataclass(frozen=True)
class Rule:
    """`columns` of `Tables.people` (of both sides) that are equal."""

    name: str
    columns: tuple[str, ...]
    bits: int


RULES = (
    Rule("cccd", ("cccd",), 20),
    Rule("name_birth", ("fold_id", "birth_year", "birth_day"), 18),
    Rule("name_village", ("fold_id", "village"), 10),
    Rule("birth_commune", ("birth_year", "birth_day", "commune"), 9),
    Rule("core_year_commune", ("core_id", "birth_year", "commune"), 9),
)
#: Two members by folded name and year of birth, anywhere: finds who moved without number, date or telephone.
PAIR_BITS = 22
PHONE_BITS, CODE_BITS = 16, 14


def find_candidates(
    connection: Any, listed_households: int, interviews: tuple[int, int]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Pairs (listed, asked) for the interviews numbered from ... up to (not with) ..., sorted by interview.

    connection: DuckDB with the tables of `Tables.columns`.
    """
    first, end = interviews
    asked = f"r.household >= {first} AND r.household < {end}"
    parts = []
    for rule in RULES:
        same = " AND ".join(f"l.{column} = r.{column}" for column in rule.columns)
        parts.append(
            f"SELECT l.household AS listed, r.household AS asked, {rule.bits}::INTEGER AS bits"
            f" FROM people l JOIN people r ON {same}"
            f" WHERE l.household < {listed_households} AND {asked}"
        )
    parts.append(
        f"SELECT l.household, r.household, {PAIR_BITS} FROM pairs l JOIN pairs r"
        f" ON l.pair = r.pair WHERE l.household < {listed_households} AND {asked}"
    )
    for column, bits in (("phone", PHONE_BITS), ("code", CODE_BITS)):
        parts.append(
            f"SELECT l.unique_id, r.unique_id, {bits} FROM households l JOIN households r ON l.{column} = r.{column}"
            f" WHERE l.unique_id < {listed_households} AND r.unique_id >= {first} AND r.unique_id < {end}"
        )
    found = connection.execute(
        f"""
        WITH found AS MATERIALIZED (
            SELECT listed, asked, least(sum(bits), 30000)::SMALLINT AS bits
            FROM ({" UNION ALL ".join(parts)}) GROUP BY ALL
        ), best AS (
            SELECT asked, max(bits) AS best FROM found GROUP BY asked
        ), fair AS (
            -- Most share one weak key only and go before anything is sorted.
            SELECT found.*, bits >= {_FAIR} * best AS is_fair FROM found JOIN best USING (asked)
            WHERE bits > {_WEAK} OR bits >= {_FAIR} * best
        ), ranked AS (
            SELECT *, row_number() OVER (PARTITION BY asked ORDER BY bits DESC, listed) AS of_asked,
                row_number() OVER (PARTITION BY listed ORDER BY bits DESC, asked) AS of_listed
            FROM fair
        )
        SELECT listed, asked FROM ranked
        WHERE (of_asked <= {_OF_INTERVIEW} AND is_fair) OR (of_listed <= {_OF_LISTED} AND bits > {_WEAK})
        ORDER BY asked, listed
        """
    ).fetchnumpy()
    return np.asarray(found["listed"]), np.asarray(found["asked"])

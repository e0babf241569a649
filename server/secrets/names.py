"""What is stored beside an encrypted name so that people can be searched and sorted.

Both keys are derived from the name and are personal data themselves: a table that keeps them blanks them when the
household is erased.
"""

from __future__ import annotations

from typing import NamedTuple

from reconciliation.names import fold, given_name_key


class NameKeys(NamedTuple):
    """`search`: the name without tones, lower case. `sort`: orders by given name in Vietnamese order."""

    search: str
    sort: str


def name_keys(full_name: str) -> NameKeys:
    """The keys of a name. `sort` is in hex digits, which every collation of either database orders alike.

    >>> name_keys("Nguyễn Thị Đượm").search
    'nguyen thi duom'
    """
    return NameKeys(search=fold(full_name), sort=given_name_key(full_name).encode("utf-8").hex())

"""What goes wrong with places, said in both languages."""

from __future__ import annotations


class GeoError(ValueError):
    """A problem that the person who gave the input can mend: `vi` and `en` say what, where and how.

    `str(error)` holds both, Vietnamese first.
    """

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"{vi}\n{en}")
        self.vi = vi
        self.en = en


class UnitError(GeoError):
    """A code or date that the unit tables do not know."""


class BoundaryError(GeoError):
    """A boundary layer that cannot be used as it is."""


class CentresError(GeoError):
    """Unit centres that are absent or incomplete."""


class ResidentsError(GeoError):
    """Figures of residents that cannot divide anything."""


def listed(items: list[str], limit: int = 8) -> str:
    """The first `limit` items with the number of the rest: 'a, b, c (+12)'."""
    head = ", ".join(items[:limit])
    return head if len(items) <= limit else f"{head} (+{len(items) - limit})"

"""The model of a linkage: what agreement is worth, learnt once a campaign and used again."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from reconciliation.linkage.comparisons import BY_NAME, Shares

_FORMAT = 1
#: A name that the model does not list is as rare as the rarest listed one.
_DEFAULT = Path(__file__).with_name("default_model.json")


class ModelError(ValueError):
    """A file that is no model, or one of another version."""


@dataclass(frozen=True)
class Cuts:
    """In bits of match weight: from `link` on a pair is linked, from `doubt` on a person looks, below it is nothing."""

    link: float
    doubt: float

    def __post_init__(self) -> None:
        if not self.doubt <= self.link:
            raise ValueError("the cut for doubt lies above the one for a link")


@dataclass(frozen=True)
class Absence:
    """What it weighs, in bits, that a member is not found: of the list in the interview, and the other way round."""

    listed: float
    asked: float


@dataclass(frozen=True)
class Model:
    """shares: by comparison and level, the share among pairs of the same and among strangers.

    names: share of people of a folded name, or of a family and given name ("nguyen * hung"), of the frequent ones;
    rarest: the share taken for any other. fingerprint: of the data it was trained on (`fingerprint`), rows: how many
    households and people these were.
    """

    shares: Shares
    absence: Absence
    cuts: Cuts
    names: dict[str, float] = field(repr=False)
    rarest: float
    fingerprint: str
    rows: dict[str, int]

    def name_share(self, folded: str) -> float:
        """The share of people of a folded name, as far as the model knows it."""
        return self.names.get(folded, self.rarest)

    def weight(self, comparison: str, level: int) -> float:
        """Bits of reaching a level, before the frequency of what agrees; 0 for what is not known."""
        if level < 0:
            return 0.0
        same, strangers = self.shares[comparison][level]
        return math.log2(same / strangers)

    def to_json(self) -> str:
        """The model as text; the same model is the same text."""
        content = asdict(self) | {"format": _FORMAT}
        return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of `to_json`: tells the model from others."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @classmethod
    def from_json(cls, text: str) -> Model:
        """The model of a text of `to_json`. ModelError where it is none, or its comparisons are not today's."""
        try:
            content: dict[str, Any] = json.loads(text)
            if content["format"] != _FORMAT:
                raise ModelError(f"model of format {content['format']}, not {_FORMAT}: train it again")
            shares = {
                name: {int(level): (float(pair[0]), float(pair[1])) for level, pair in levels.items()}
                for name, levels in content["shares"].items()
            }
            model = cls(
                shares,
                Absence(**content["absence"]),
                Cuts(**content["cuts"]),
                content["names"],
                content["rarest"],
                content["fingerprint"],
                content["rows"],
            )
        except ModelError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError("not a model of a linkage") from error
        levels_now = {name: {one.number for one in of.levels if one.number >= 0} for name, of in BY_NAME.items()}
        if {name: set(levels) for name, levels in shares.items()} != levels_now:
            raise ModelError("model of other comparisons: train it again")
        return model

    def save(self, path: Path) -> None:
        """Write the model to a file."""
        path.write_text(self.to_json(), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Model:
        """Read a model from a file. ModelError where it is none."""
        return cls.from_json(path.read_text(encoding="utf-8"))


@cache
def default_model() -> Model:
    """The model that ships, trained on invented households: for a first campaign, and for few data."""
    return Model.load(_DEFAULT)

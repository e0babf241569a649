"""One household over the years: an id that never changes, and the events that gave it its appearances."""

from reconciliation.identity.by_hand import arrive, part_by_hand, place_by_hand, take_back
from reconciliation.identity.frames import ends, marks
from reconciliation.identity.log import Appearance, Event, Household, IdentityLogError, State, fold
from reconciliation.identity.propose import Ids, Proposal, Question, close, propose, with_parts
from reconciliation.identity.undo import Consequences, UndoError, consequences, undo

__all__ = [
    "Appearance",
    "Consequences",
    "Event",
    "Household",
    "IdentityLogError",
    "Ids",
    "Proposal",
    "Question",
    "State",
    "UndoError",
    "arrive",
    "close",
    "consequences",
    "ends",
    "fold",
    "marks",
    "part_by_hand",
    "place_by_hand",
    "propose",
    "take_back",
    "undo",
    "with_parts",
]

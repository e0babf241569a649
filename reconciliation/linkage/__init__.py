"""Which interview is which household of a list: members to members, then households from the evidence of all.

    linkage = link(registry, interviews, default_model())

`train` learns a model from a campaign's own data; `explain` says why; `lookup` serves one record at a time; `review`
sets the cuts by what people decided. Splink and DuckDB are imported by the functions that need them.
"""

from reconciliation.linkage import lookup
from reconciliation.linkage.decisions import VERDICTS
from reconciliation.linkage.explanation import explain, explain_households, level_wording
from reconciliation.linkage.linking import Linkage, link
from reconciliation.linkage.model import Cuts, Model, ModelError, default_model
from reconciliation.linkage.review import Implied, Rate, cuts_from_sample, implied
from reconciliation.linkage.side import Side
from reconciliation.linkage.training import fingerprint, train

__all__ = [
    "VERDICTS",
    "Cuts",
    "Implied",
    "Linkage",
    "Model",
    "ModelError",
    "Rate",
    "Side",
    "cuts_from_sample",
    "default_model",
    "explain",
    "explain_households",
    "fingerprint",
    "implied",
    "level_wording",
    "link",
    "lookup",
    "train",
]

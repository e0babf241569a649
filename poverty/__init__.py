"""What an answer means: dated standards as data, deprivations, class, explanation, indices.

The common vocabulary of the project. Takes and gives DataFrames, files or plain values: no database, socket,
clock or settings. Imports nothing from the other packages; `forms`, `reconciliation` and `geo` may import it,
and `server` and `sandbox` do.

`load_standard`, `standard_for`: a standard, from its data file. `classify`, `explain`, `render`, `ages`: what it
says of households. `poverty.xpath.calculations`: the same standard as the phone computes it. `poverty.frames`: the
contract of the data.
"""

from poverty.ages import ages
from poverty.classify import classify
from poverty.explain import explain, render
from poverty.expression import StandardError
from poverty.standard import (
    Standard,
    load_standard,
    own_standards,
    shipped_standards,
    standard_for,
    use_folder,
)

__all__ = [
    "Standard",
    "StandardError",
    "ages",
    "classify",
    "explain",
    "load_standard",
    "own_standards",
    "render",
    "shipped_standards",
    "standard_for",
    "use_folder",
]

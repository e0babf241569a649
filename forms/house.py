"""The house rules run over a source: those of any form (`forms.house_rules`), those of this census (`census_rules`)."""

from __future__ import annotations

from collections.abc import Sequence

from forms import census_rules, house_rules
from forms.findings import Finding, as_error
from forms.source import FormSource
from forms.survey import Source
from poverty.standard import Standard


def check_source(source: FormSource, standards: Sequence[Standard]) -> list[Finding]:
    """Findings of the house rules over one source, by line. standards: those it must be able to compute."""
    of = Source(source, standards)
    rules = (*house_rules.RULES, *census_rules.RULES)
    found = {finding: None for rule in rules for finding in rule(of)}  # a place can break a rule in two ways alike
    return sorted(found, key=lambda finding: (finding.line, finding.rule))


def refuse(source: FormSource, standard: Standard) -> None:
    """Raise FormError naming every error of the house rules; warnings pass."""
    errors = [finding for finding in check_source(source, [standard]) if finding.severity == "error"]
    if errors:
        raise as_error(errors)

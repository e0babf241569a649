"""The generator of truth: a synthetic province whose every class and deprivation is known beforehand.

It draws first what is true (class, which of the twelve deprivations hold or are unknown, income against the
line) and then writes answers that imply exactly that. The lists of codes, the income lines and the age bands
stand here a second time on purpose: nothing is imported from `poverty` or `forms`, so that the two accounts can
contradict each other. Everything is invented; `docs/sandbox.md` says how.
"""

from sandbox.population.province import Province, generate

__all__ = ["Province", "generate"]

"""Whose key it is: the names of subjects in `household_keys`, a prefix for each kind.

A phone chooses the id of its submission; the prefix keeps it from naming another kind of subject.
"""

from __future__ import annotations


def interview_subject(interview_id: str) -> str:
    """A household as interviewed: every version of its submission, and what is derived from it."""
    return f"interview:{interview_id}"


def registry_subject(province_code: str, year: int, household_code: str) -> str:
    """A household on one year's list."""
    return f"registry:{province_code}/{year}/{household_code}"


def enumerator_subject(round_id: str, code: str) -> str:
    """A person with a phone in one round."""
    return f"enumerator:{round_id}/{code}"

"""Names of leaves that are personal data, declared once: they never stand in the name of a filled form, which lists,
logs and file names show, nor in an entity list that the form writes.

The code of a household is a pseudonym of the commune's list and is allowed.
"""

from __future__ import annotations

#: Of the households' and back-checks' lists on the phone; the label of their rows begins with the head's name.
PERSONAL_PROPERTIES = frozenset({"head_name", "head_birth_year", "address", "returned_reason"})
#: Lists whose label names a person: a chosen row's label is as personal as the name.
LISTS_WITH_NAMED_PEOPLE = frozenset({"households", "backchecks"})

#: Basic and sensitive personal data of Law 91/2025/QH15 that the forms ask.
PERSONAL = PERSONAL_PROPERTIES | frozenset(
    {
        "full_name",
        "applicant_name",
        "chair_name",
        "cccd",
        "phone",
        "birth_date",
        "birth_year",
        "year_of_birth",
        "birth_day",
        "sex",
        "ethnicity",
        "location",
        "photo",
        "disability",
        "illness",
        "malnourished",
        "remarks",
    }
)

"""The contract of the two frames that travel through the whole system: `households` and `members`.

Column names are the leaf names of the questions in the household form. A missing answer is NA; the answer
`dk` (không biết, do not know) is kept as it was given. Both are *unknown* to the standard. A value outside the
lists below is kept too (it is a flag for the supervisor) and is unknown to the standard as well.

Interviews of one round may have come on several versions of the form: what a version did not ask is NA.
"""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

DK = "dk"

YES_NO = ("yes", "no", DK)
CONSENT = ("yes", "no")

#: What came of the visit: only of a household that was `met` is anything else asked.
OUTCOMES = ("met", "absent", "refused", "moved_away", "dissolved", "split")
MET = "met"

#: Every closed answer list of the household form: question -> codes, in the order shown.
HOUSEHOLD_CHOICES: dict[str, tuple[str, ...]] = {
    # From the list on the phone, or a household that is not on it.
    "on_list": ("listed", "new"),
    "outcome": OUTCOMES,
    # Asked for the point and the picture alone: the review itself rests on law.
    "consent_gps": CONSENT,
    "consent_photo": CONSENT,
    # Why there is no point, or none within 50 m.
    "gps_reason": ("no_signal", "bad_weather", "device", "other"),
    "wall": ("durable", "not_durable", DK),
    "column": ("durable", "not_durable", DK),
    "roof": ("durable", "not_durable", DK),
    "water_source": (
        "tap",
        "borehole",
        "protected_well",
        "protected_spring",
        "rain",
        "bottled",
        "unprotected_well",
        "unprotected_spring",
        "surface",
        "other",
        DK,
    ),
    "toilet": ("septic", "pour_flush", "vip", "two_vault", "pit", "other", "none", DK),
    "internet": YES_NO,
    # Any member uses public services, pays or sees a doctor over the network.
    "digital_services": YES_NO,
    # What becomes of the household's waste; `treated`: composted or buried at home as the commune instructs.
    "waste": ("collected", "treated", "burned", "dumped", "other", DK),
    # What planners ask and a household can answer.
    "tap_water_wish": YES_NO,
    "electricity": YES_NO,
    "paved_road": YES_NO,
    "training_wish": YES_NO,
}

#: Multiple answers: question -> codes. Stored as the codes joined by a space, as ODK does.
HOUSEHOLD_MULTIPLE: dict[str, tuple[str, ...]] = {
    "shared_devices": ("tv", "radio", "desktop", "landline", "none", DK),
    "personal_devices": ("laptop", "tablet", "smartphone", "none", DK),
    "causes": (
        "no_land",
        "no_capital",
        "no_labour",
        "no_tools",
        "no_knowledge",
        "no_skills",
        "illness",
        "other",
    ),
    "support_needs": ("health", "education", "production", "credit", "housing", "other"),
    # Groups of the official report forms: dân tộc thiểu số, không có khả năng lao động, có người có công.
    "special_groups": ("ethnic_minority", "no_labour_capacity", "merit", "none", DK),
}

MEMBER_CHOICES: dict[str, tuple[str, ...]] = {
    "relation": (
        "head",
        "spouse",
        "child",
        "parent",
        "grandchild",
        "sibling",
        "child_in_law",
        "other",
    ),
    "sex": ("male", "female"),
    "birth_precision": ("full", "year"),
    # Level the person attends now.
    "attending": (
        "none",
        "preschool",
        "primary",
        "lower_secondary",
        "upper_secondary",
        "vocational",
        "higher",
        "training_course",
        DK,
    ),
    # Highest qualification finished: tiểu học, THCS, THPT, sơ cấp, trung cấp, cao đẳng, đại học trở lên.
    "qualification": (
        "none",
        "primary",
        "lower_secondary",
        "upper_secondary",
        "elementary",
        "intermediate",
        "college",
        "university",
        DK,
    ),
    # Certified on-the-job training.
    "job_training": YES_NO,
    # `unemployed`: of working age, able and willing to work, cannot find a job.
    "work": ("wage", "self_employed", "family", "unemployed", "student", "home", "unable", DK),
    "contract": YES_NO,
    "insured": YES_NO,
    # Monthly social allowance, and the ground it is paid on.
    "allowance": ("none", "elderly", "disability", "other", DK),
    # Child under 16: too short or too light for the age.
    "malnourished": YES_NO,
    # Who says so: the health station's list, a measurement today, or the mother, whose word counts as unknown.
    "nutrition_source": ("station", "measured", "mother"),
    "disability": YES_NO,
    "able_to_work": YES_NO,
}

INCOME_SOURCES = ("income_wage", "income_farm", "income_business", "income_other", "income_allowance")

#: Points of the two score sheets, typed from a sheet of paper that somebody signed; the tables are not in the form.
PAPER_POINTS = ("b1_points", "b2_points")

#: Minutes from the house, by the means the household uses.
TRAVEL_MINUTES = ("clinic_minutes", "school_minutes")

AREA_CLASSES = ("rural", "urban")
#: Proposed classes: hộ nghèo, hộ cận nghèo, hộ không nghèo, chưa đủ thông tin.
CLASSES = ("poor", "near_poor", "not_poor", "undetermined")


def _text() -> pa.Column:
    return pa.Column("string", nullable=True, coerce=True)


def _number() -> pa.Column:
    return pa.Column("Float64", nullable=True, coerce=True)


#: One row per interview, indexed by `interview_id` (Central's `__id`: the first instanceID, which never changes).
HOUSEHOLDS = pa.DataFrameSchema(
    {
        "round_id": _text(),
        "review_date": pa.Column("datetime64[ns]", nullable=True, coerce=True),  # all ages count from here
        "commune_code": _text(),  # 5-digit code as text, as answered
        "area_class": _text(),  # rural | urban: of the commune at the review date; NA = unknown
        "village_id": _text(),
        "household_code": _text(),  # code on the list of last year; NA = new household
        "household_entity": _text(),  # the household's row on the phone's list: the uuid of its entity at Central
        "replaces": _text(),  # interview_id of the returned interview that this one replaces; NA = of none
        "notice_read": _text(),  # "OK": the legal notice was read out
        "phone": _text(),
        "latitude": _number(),  # EPSG:4326 degrees; NA = no GPS
        "longitude": _number(),
        "gps_accuracy": _number(),  # metres
        "floor_area": _number(),  # m2
        **{name: _text() for name in HOUSEHOLD_CHOICES},
        **{name: _text() for name in HOUSEHOLD_MULTIPLE},
        **{name: _number() for name in INCOME_SOURCES},  # đồng, whole household, last 12 months before review
        **{name: _number() for name in PAPER_POINTS},
        **{name: _number() for name in TRAVEL_MINUTES},
        "photo": _text(),  # file name of the picture of the house
        "remarks": _text(),
    },
    index=pa.Index("string", name="interview_id", coerce=True, unique=True),
    strict=False,  # `phone_*` (what the phone computed), `started_at`, `ended_at`, `enumerator` may stand beside
)

#: One row per member, indexed by (`interview_id`, `member_no`); `member_no` counts from 1 in the order given.
MEMBERS = pa.DataFrameSchema(
    {
        "full_name": _text(),
        "birth_date": pa.Column("datetime64[ns]", nullable=True, coerce=True),  # NA when only the year is known
        "birth_year": pa.Column("Int64", nullable=True, coerce=True),  # NA when a full date is known, or neither
        "cccd": _text(),  # số định danh cá nhân, 12 digits as text
        "ethnicity": _text(),  # two-digit code as text
        **{name: _text() for name in MEMBER_CHOICES},
    },
    index=pa.MultiIndex(
        [pa.Index("string", name="interview_id", coerce=True), pa.Index("int64", name="member_no", coerce=True)],
        unique=["interview_id", "member_no"],
    ),
    strict=False,
)


def met(households: pd.DataFrame) -> pd.Series[bool]:
    """Whether each household of a `households` frame was interviewed; a form that did not ask had only such."""
    if "outcome" not in households:
        return pd.Series(True, index=households.index)
    return households["outcome"].fillna(MET).eq(MET).astype(bool)


def empty_households() -> pd.DataFrame:
    """A `households` frame with every contract column and no row."""
    return HOUSEHOLDS.coerce_dtype(_empty(HOUSEHOLDS, pd.Index([], dtype="string", name="interview_id")))


def empty_members() -> pd.DataFrame:
    """A `members` frame with every contract column and no row."""
    index = pd.MultiIndex.from_arrays(
        [pd.Index([], dtype="string"), pd.Index([], dtype="int64")], names=["interview_id", "member_no"]
    )
    return MEMBERS.coerce_dtype(_empty(MEMBERS, index))


def _empty(schema: pa.DataFrameSchema, index: pd.Index) -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series([], dtype=str(column.dtype)) for name, column in schema.columns.items()}, index=index
    )

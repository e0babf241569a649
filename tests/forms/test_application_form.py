"""The application: who goes to the full review, which paper form is due, what a refusal needs."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from forms.build import BuiltForm
from forms.engine import AnswerRefused, Form
from tests.forms.procedure_forms import begin, build_and_open, sent, stop_at, walk

NEW: dict[str, Any] = {
    "notice_read": True,
    "commune_code": "11995",
    "village_id": "11995-02",
    "request": "poor",
    "review_kind": "annual",
    "applied_on": date(2026, 9, 20),
    "paper_form": "mau_01",
    "on_list": "new",
    "head_name": "Trần Văn Mẫu",
    "head_sex": "male",
    "head_birth_year": 1984,
    "head_cccd": "033084000999",
    "member_count": 4,
    "applicant": "head",
    "ground": "Nhà tạm, ba con nhỏ, một người làm thuê.",
    "quick_result": "full_review",
}
LISTED = NEW | {"on_list": "listed", "household_entity": "e1"}
REFUSED = NEW | {
    "quick_result": "refused",
    "refusal_reason": "Thu nhập kê khai gấp ba lần chuẩn.",
    "refused_on": date(2026, 9, 28),
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[BuiltForm, Form]:
    return build_and_open("application", tmp_path_factory.mktemp("application"))


@pytest.fixture(scope="module")
def form(opened: tuple[BuiltForm, Form]) -> Form:
    return opened[1]


def test_it_reads_the_households_as_an_entity_list(opened: tuple[BuiltForm, Form]) -> None:
    built = opened[0]
    assert (built.attachments, built.lists) == (("communes.csv", "villages.csv"), ("households",))


def test_a_new_household_is_identified_first_and_provisionally(form: Form) -> None:
    session = begin(form)
    asked = walk(session, NEW)
    assert {"ground", "quick_result"} <= set(asked)
    assert not {"household_entity", "listed_code", "refusal_reason", "livelihood", "applicant_name"} & set(asked)
    answers = sent(session)
    assert (answers["goes_to_review"], answers["quick_status"]) == ("yes", "illustrative")
    assert (answers["household_code"], answers["member_count"]) == ("", "4")


def test_a_listed_household_goes_straight_to_the_review(form: Form) -> None:
    session = begin(form)
    asked = walk(session, LISTED)
    assert not {"ground", "quick_result"} & set(asked)
    answers = sent(session)
    assert (answers["goes_to_review"], answers["quick_status"]) == ("yes", "")
    assert answers["household_code"] == "33-00001"


def test_a_listed_household_of_another_phone_is_named_by_its_code(form: Form) -> None:
    session = begin(form)
    walk(session, NEW | {"on_list": "listed_elsewhere", "listed_code": "33-00003"})
    assert sent(session)["household_code"] == "33-00003"


def test_only_ones_own_households_of_the_village_are_offered(form: Form) -> None:
    session = begin(form)
    stop_at(session, "household_entity", LISTED)
    assert session.choices() == ("e1", "e2")


def test_a_phone_without_a_name_is_offered_nobody(form: Form) -> None:
    session = begin(form, username=None)
    stop_at(session, "household_entity", LISTED)
    assert session.choices() == ()


def test_a_refusal_gives_its_reason_and_date(form: Form) -> None:
    session = begin(form)
    walk(session, REFUSED)
    answers = sent(session)
    assert (answers["goes_to_review"], answers["refused_on"]) == ("no", "2026-09-28")
    for missing in ("refusal_reason", "refused_on"):
        session = begin(form)
        walk(session, REFUSED | {missing: None})
        with pytest.raises(AnswerRefused, match=missing) as refusal:
            sent(session)
        assert refusal.value.reason == "required"


@pytest.mark.parametrize(
    ("request_", "kind", "paper", "due", "reason_asked"),
    [
        ("poor", "annual", "mau_01", "mau_01", False),
        ("near_poor", "annual", "mau_04", "mau_01", True),
        ("poor", "regular", "mau_04", "mau_04", False),
        ("escape", "annual", "mau_04", "mau_04", False),
        ("escape", "annual", "mau_01", "mau_04", True),
        ("average_living_standard", "regular", "other", "", False),
    ],
)
def test_another_paper_form_than_the_one_due_wants_a_reason(
    form: Form, request_: str, kind: str, paper: str, due: str, reason_asked: bool
) -> None:
    session = begin(form)
    asked = walk(
        session,
        LISTED
        | {"request": request_, "review_kind": kind, "paper_form": paper}
        | {"paper_form_reason": "Hộ nộp nhầm mẫu.", "livelihood": "farming salt"},
    )
    assert ("paper_form_reason" in asked) == reason_asked
    assert ("livelihood" in asked) == (request_ == "average_living_standard")
    assert sent(session)["paper_form_due"] == due


@pytest.mark.parametrize(
    ("name", "given", "answers"),
    [
        ("on_list", "new", {"request": "escape", "paper_form": "mau_04"}),
        ("applied_on", date(2025, 8, 30), {}),
        ("applied_on", date(2027, 9, 3), {}),
        ("head_name", "Trần Văn 2", {}),
        ("head_birth_year", 2027, {}),
        ("head_cccd", "033184000999", {}),  # a woman's number
        ("head_cccd", "033085000999", {}),  # another year
        ("member_count", 0, {}),
        ("phone", "12345", {}),
        ("ground", "nghèo", {}),
        ("refused_on", date(2026, 9, 19), REFUSED),
        ("listed_code", "33 00003", {"on_list": "listed_elsewhere"}),
    ],
)
def test_what_cannot_be_is_refused_in_words(form: Form, name: str, given: Any, answers: dict[str, Any]) -> None:
    session = begin(form)
    stop_at(session, name, NEW | answers)
    with pytest.raises(AnswerRefused, match=f"^{name}: .*[.]$") as refusal:
        session.answer(given)
    assert refusal.value.reason == "constraint"


@pytest.mark.parametrize("day", [date(2025, 8, 31), date(2027, 9, 2)])
def test_an_application_of_within_a_year_of_the_review_is_taken(form: Form, day: date) -> None:
    session = begin(form)
    walk(session, NEW | {"applied_on": day})
    assert sent(session)["applied_on"] == day.isoformat()


def test_the_name_of_the_instance_holds_nothing_personal(form: Form) -> None:
    session = begin(form)
    walk(session, NEW)
    assert session.value("instanceName") == "11995-02 · poor · 05/01 08:00"

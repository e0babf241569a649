"""The benchmark of the phone: it opens and fills the very form, for 15 members, beside the same list written inside."""

from __future__ import annotations

from benchmarks import phone


def test_it_fills_the_form_for_a_household_of_15() -> None:
    result = phone.run(30)
    figures = result["figures"]
    assert (result["name"], result["size"]) == ("phone", 30)
    assert result["seconds"] == figures["load_best_seconds"] > 0
    assert figures["answers"] > phone.MEMBERS * 8  # every member was asked
    assert 0 < figures["answer_median_with_15_members_ms"] <= figures["answer_worst_with_15_members_ms"]
    assert figures["answer_worst_with_15_members_ms"] <= figures["answer_worst_ms"] <= figures["answer_worst_single_ms"]
    assert figures["form_kb"] > 50
    assert {"households_csv_kb", "villages_csv_kb", "communes_csv_kb"} <= set(figures)
    assert result["ratio"] > 0

"""Review decisions: recorded, undoable, delivered to Central once, whatever breaks in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from server.cases.tables import Interview
from server.central.outbox import Delivered, deliver, waiting
from server.errors import ConflictError, NotFoundError, UserError
from server.review import service as review
from server.review.tables import Outbox
from tests.server.fieldwork import Field, instance_id

NOW = datetime.now(UTC)
LATER = NOW + timedelta(minutes=11)


def _decide(field: Field, action: str, number: int = 1, reason: str | None = None) -> int:
    with field.database.session() as session:
        decision = review.decide(session, instance_id(number), action, actor="supervisor", reason=reason, now=NOW)
        return decision.decision_id


def _deliver(field: Field, now: datetime = LATER) -> Delivered:
    with field.client() as connection:
        return deliver(field.database, connection, now)


def _outbox(field: Field) -> list[Outbox]:
    with field.database.session() as session:
        return list(session.scalars(select(Outbox).order_by(Outbox.outbox_id)))


def _state_here(field: Field, number: int = 1) -> str:
    with field.database.session() as session:
        return session.scalars(
            select(Interview.review_state).where(Interview.interview_id == instance_id(number))
        ).one()


@pytest.fixture
def pulled(field: Field) -> Field:
    """One interview, pulled."""
    field.send(1)
    field.sync()
    return field


def test_an_approval_reaches_central_after_the_time_to_undo(pulled: Field) -> None:
    _decide(pulled, "approve")
    assert _state_here(pulled) == "approved"
    assert _deliver(pulled, NOW + timedelta(minutes=9)) == Delivered()
    assert pulled.at_central(1)["reviewState"] is None
    assert _deliver(pulled) == Delivered(sent=1)
    assert pulled.at_central(1)["reviewState"] == "approved"
    assert _deliver(pulled) == Delivered()


def test_a_return_brings_its_reason_first(pulled: Field) -> None:
    _decide(pulled, "return", reason="Thiếu thu nhập của người con cả")
    assert [message.kind for message in _outbox(pulled)] == ["comment", "review_state"]
    assert _deliver(pulled) == Delivered(sent=2)
    at_central = pulled.at_central(1)
    assert at_central["reviewState"] == "hasIssues"
    assert [comment["body"] for comment in at_central["comments"]] == ["Thiếu thu nhập của người con cả"]
    pulled.sync()
    assert _state_here(pulled) == "hasIssues"


def test_what_is_undone_is_never_sent(pulled: Field) -> None:
    decision = _decide(pulled, "reject", reason="Trùng phiếu")
    with pulled.database.session() as session:
        review.undo(session, decision, now=NOW)
    assert _state_here(pulled) == "received"
    assert _deliver(pulled) == Delivered()
    assert pulled.at_central(1)["reviewState"] is None


def test_what_was_sent_cannot_be_undone(pulled: Field) -> None:
    decision = _decide(pulled, "approve")
    _deliver(pulled)
    with pytest.raises(ConflictError), pulled.database.session() as session:
        review.undo(session, decision)


def test_a_sender_that_died_after_sending_does_not_send_again(pulled: Field) -> None:
    _decide(pulled, "return", reason="Xem lại")
    _deliver(pulled)
    # As if the process had died before it noted what it sent.
    with pulled.database.session() as session:
        for message in session.scalars(select(Outbox)):
            message.state, message.sent_at, message.next_attempt_at = "sending", None, NOW
    assert _deliver(pulled) == Delivered(already=2)
    assert len(pulled.at_central(1)["comments"]) == 1


def test_the_same_reason_twice_is_two_comments(pulled: Field) -> None:
    _decide(pulled, "comment", reason="Xem lại")
    _deliver(pulled)
    _decide(pulled, "comment", reason="Xem lại")
    assert _deliver(pulled) == Delivered(sent=1)
    assert len(pulled.at_central(1)["comments"]) == 2


def test_a_central_that_is_down_is_asked_again_later(pulled: Field) -> None:
    _decide(pulled, "return", reason="Xem lại")
    with pulled.client() as connection:
        connection.url = "http://127.0.0.1:9"
        connection._client.session.base_url = "http://127.0.0.1:9/v1/"
        assert deliver(pulled.database, connection, LATER) == Delivered(put_off=1)
    first, second = _outbox(pulled)
    assert (first.state, first.attempts, first.last_error_code) == ("waiting", 1, "central_down")
    assert first.next_attempt_at > LATER
    assert (second.state, second.attempts) == ("waiting", 0)  # a state never goes before its reason
    assert _deliver(pulled, LATER + timedelta(hours=1)) == Delivered(sent=2)
    with pulled.database.session() as session:
        assert waiting(session) == 0


def test_a_version_that_nobody_read_is_not_approved(pulled: Field) -> None:
    _decide(pulled, "approve")
    pulled.edit(1, 1, household_size=3)
    assert _deliver(pulled) == Delivered(failed=1)
    assert pulled.at_central(1)["reviewState"] == "edited"
    assert _outbox(pulled)[0].last_error_code == "review_overtaken"
    pulled.sync()
    assert _state_here(pulled) == "edited"  # it comes back to the queue


def test_a_submission_that_is_gone_is_given_up(pulled: Field) -> None:
    _decide(pulled, "approve")
    pulled.delete(1)
    assert _deliver(pulled) == Delivered(failed=1)


def test_a_later_change_at_central_counts_again(pulled: Field) -> None:
    _decide(pulled, "approve")
    _deliver(pulled)
    pulled.set_state(1, "rejected")
    pulled.sync()
    assert _state_here(pulled) == "rejected"


def test_a_decision_needs_its_reason_its_interview_and_its_version(pulled: Field) -> None:
    with pulled.database.session() as session:
        with pytest.raises(UserError):
            review.decide(session, instance_id(1), "return", actor="a", reason="  ")
        with pytest.raises(UserError):
            review.decide(session, instance_id(1), "recognise", actor="a")
        with pytest.raises(NotFoundError):
            review.decide(session, instance_id(404), "approve", actor="a")
        with pytest.raises(ConflictError):
            review.decide(session, instance_id(1), "approve", actor="a", version_id="uuid:older")
        assert review.decisions_about(session, instance_id(1)) == []


@pytest.fixture
def stopped(pulled: Field) -> tuple[Field, int]:
    """A return that was decided here while a person rejected the interview at Central."""
    decision = _decide(pulled, "return", reason="Xem lại")
    pulled.set_state(1, "rejected")
    assert _deliver(pulled) == Delivered(conflicts=1)
    return pulled, decision


def test_a_decision_at_central_is_never_overwritten(stopped: tuple[Field, int]) -> None:
    field, _decision = stopped
    at_central = field.at_central(1)
    assert (at_central["reviewState"], at_central["comments"]) == ("rejected", [])
    assert {(message.state, message.found_state) for message in _outbox(field)} == {("conflict", "rejected")}
    assert _state_here(field) == "conflict"
    assert _deliver(field, LATER + timedelta(days=1)) == Delivered()
    field.sync()  # deriving again does not settle what a person has to settle
    assert _state_here(field) == "conflict"


def test_who_insists_is_heard_once(stopped: tuple[Field, int]) -> None:
    field, decision = stopped
    with field.database.session() as session:
        review.insist(session, decision, now=LATER)
    assert _state_here(field) == "hasIssues"
    assert _deliver(field) == Delivered(sent=2)
    assert field.at_central(1)["reviewState"] == "hasIssues"
    with pytest.raises(ConflictError), field.database.session() as session:
        review.insist(session, decision)


def test_who_insists_does_not_overwrite_yet_another_decision(stopped: tuple[Field, int]) -> None:
    field, decision = stopped
    with field.database.session() as session:
        review.insist(session, decision, now=LATER)
    field.set_state(1, "approved")
    assert _deliver(field) == Delivered(conflicts=1)
    assert _outbox(field)[-1].found_state == "approved"


def test_who_gives_way_leaves_central_as_it_is(stopped: tuple[Field, int]) -> None:
    field, decision = stopped
    with field.database.session() as session:
        review.give_way(session, decision)
    assert _state_here(field) == "rejected"
    assert _deliver(field) == Delivered()
    field.sync()
    assert _state_here(field) == "rejected"
    with pytest.raises(NotFoundError), field.database.session() as session:
        review.give_way(session, 404)


def test_a_new_decision_settles_the_conflict(stopped: tuple[Field, int]) -> None:
    field, decision = stopped
    _decide(field, "approve")
    assert _deliver(field) == Delivered(sent=1)
    assert field.at_central(1)["reviewState"] == "approved"
    with pytest.raises(ConflictError), field.database.session() as session:
        review.give_way(session, decision)


def test_our_own_earlier_decision_is_no_conflict(pulled: Field) -> None:
    _decide(pulled, "approve")
    _decide(pulled, "reject", reason="Trùng phiếu")
    assert _deliver(pulled) == Delivered(sent=3)
    assert pulled.at_central(1)["reviewState"] == "rejected"


def test_a_restored_backup_does_not_send_again(pulled: Field) -> None:
    """What was sent after the backup was made stands in it as waiting."""
    _decide(pulled, "approve")
    before = [(message.outbox_id, message.next_attempt_at) for message in _outbox(pulled)]
    _deliver(pulled)
    pulled.set_state(1, "hasIssues")  # a person, later, in Central
    with pulled.database.session() as session:
        for outbox_id, next_attempt_at in before:
            message = session.get_one(Outbox, outbox_id)
            message.state, message.sent_at, message.attempts = "waiting", None, 0
            message.next_attempt_at = next_attempt_at
    assert _deliver(pulled) == Delivered(conflicts=1)
    assert pulled.at_central(1)["reviewState"] == "hasIssues"

"""The clerk's desk: who sees which pair, what an answer does, two readers who know nothing of one another, undo."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select, update

from server.accounts.actor import AreaKind, Role
from server.audit.tables import AuditEntry
from server.cases.tables import Flag, Interview
from server.linkage.settling import Pair
from server.linkage.tables import AbsenceDecision, Link, LinkDecision
from tests.browser.province import PROVINCE, ROUND
from tests.server.pairs import GONE, PHONE, add_pairs, link_row
from tests.server.people import Service, make_service, post

pytestmark = pytest.mark.filterwarnings("ignore::starlette.exceptions.StarletteDeprecationWarning")

PAIRS = 6


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, list[Pair]]]:
    with pytest.MonkeyPatch.context() as patch:
        service = make_service(tmp_path_factory.mktemp("desk"), patch)
        pairs = add_pairs(service.accounts.database, PAIRS)
        for name in ("lan", "mai", "nga", "oanh"):
            service.add(name, (Role.CLERK, AreaKind.PROVINCE, PROVINCE))
        with service.accounts.database.session() as session:
            commune = session.scalar(select(Interview.commune_code).where(Interview.interview_id == pairs[0][0]))
        service.add("commune", (Role.CLERK, AreaKind.COMMUNE, str(commune)))
        yield service, pairs


@pytest.fixture
def desk(made: tuple[Service, list[Pair]]) -> Iterator[tuple[Service, list[Pair]]]:
    """The desk as it was made: whatever a test decided is taken back at its end."""
    yield made
    service, _ = made
    with service.accounts.database.session() as session:
        for one in session.scalars(select(LinkDecision)):
            session.delete(one)
        for absence in session.scalars(select(AbsenceDecision)):
            session.delete(absence)
        session.execute(update(Link).values(kind=Link.found_kind, status=Link.found_status, readers=1, next_reading=1))
        session.execute(update(Interview).values(previous_class=None))


def address(pair: Pair) -> str:
    return f"/linkage?interview={pair[0]}&household={pair[1]}"


def answer(service: Service, who: str, pair: Pair, verdict: str, **more: str) -> int:
    fields = {"interview": pair[0], "household": pair[1], "verdict": verdict, "version": pair[0], **more}
    return int(post(service.browser(who), "/linkage/decide", **fields).status_code)


def undo_last(service: Service, who: str) -> int:
    page = service.browser(who).get("/linkage").text
    found = re.search(r"/linkage/decisions/(\d+)/undo", page)
    assert found is not None, "no answer to take back"
    return int(post(service.browser(who), f"/linkage/decisions/{found[1]}/undo").status_code)


def link(service: Service, pair: Pair) -> tuple[str, str, int | None]:
    with service.accounts.database.session() as session:
        of = session.scalars(select(Link).where(Link.interview_id == pair[0], Link.household_code == pair[1])).one()
        return of.kind, of.status, of.next_reading


def to_be_read_by_two(service: Service, pair: Pair) -> None:
    with service.accounts.database.session() as session:
        session.execute(update(Link).where(Link.interview_id == pair[0]).values(readers=2))


def shown(service: Service, who: str, path: str = "/linkage") -> str:
    """The interview on the desk of a person; '' where none is."""
    found = re.search(r'name="interview" value="([^"]+)"', service.browser(who).get(path).text)
    return found[1] if found else ""


# -- the page ---------------------------------------------------------------------------------------------------


def test_both_sides_stand_beside_each_other(desk: tuple[Service, list[Pair]]) -> None:
    service, pairs = desk
    page = service.browser("lan").get(address(pairs[0])).text
    assert "Danh sách năm 2025" in page
    assert GONE in page, "who has no partner stays visible"
    assert "Nguyễn Văn Bé" in page
    assert "không có trong phiếu" in page
    assert "không có trong danh sách" in page
    assert f"Cặp 1 trên {PAIRS}" in page


def test_the_nearest_to_the_cut_comes_first(desk: tuple[Service, list[Pair]]) -> None:
    service, pairs = desk
    assert shown(service, "lan") == pairs[0][0]
    assert f"household={pairs[1][1]}" in service.browser("lan").get("/linkage").text


def test_numbers_are_masked_and_their_differing_digits_marked(desk: tuple[Service, list[Pair]]) -> None:
    service, pairs = desk
    page = service.browser("lan").get(address(pairs[0])).text
    assert PHONE not in page
    assert "091•" in page
    assert "<mark>" in page
    whole = post(
        service.browser("lan"), "/linkage/numbers", interview=pairs[0][0], household=pairs[0][1], purpose="linkage"
    ).text
    assert PHONE[:-1] in whole, "its last digit is marked"
    with service.accounts.database.session() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "linkage.numbers")).first()
        read = session.scalars(select(AuditEntry).where(AuditEntry.action == "linkage.read")).first()
    assert entry is not None
    assert read is not None
    assert (entry.actor, entry.object_id, entry.purpose) == (service.ids["lan"], pairs[0][0], "linkage")


def test_who_does_not_link_only_looks(desk: tuple[Service, list[Pair]]) -> None:
    service, pairs = desk
    page = service.browser("supervisor").get(address(pairs[0])).text
    assert GONE in page
    assert 'name="verdict"' not in page
    assert answer(service, "supervisor", pairs[0], "same") == 404
    assert "Mục đích xem" in service.browser("province_officer").get("/linkage").text
    asked = service.browser("province_officer").get("/linkage?purpose=inspection").text
    assert GONE in asked


def test_a_pair_is_seen_where_both_sides_are(desk: tuple[Service, list[Pair]]) -> None:
    service, pairs = desk
    assert GONE in service.browser("commune").get(address(pairs[0])).text
    assert service.browser("commune").get(address(pairs[1])).status_code == 404
    assert service.browser("clerk.abroad").get(address(pairs[0])).status_code == 404
    assert answer(service, "clerk.abroad", pairs[0], "same") == 404
    with service.accounts.database.session() as session:
        foreign = session.scalar(select(Interview.interview_id).where(Interview.interview_id == pairs[1][0]))
        session.add(Link(**link_row(str(foreign), pairs[0][1], weight=2.0)))
    try:
        assert service.browser("commune").get(address((pairs[1][0], pairs[0][1]))).status_code == 404
        assert service.browser("lan").get(address((pairs[1][0], pairs[0][1]))).status_code == 200
        assert "phiếu khác, cùng hộ này" not in service.browser("commune").get(address(pairs[0])).text
        assert "phiếu khác, cùng hộ này" in service.browser("lan").get(address(pairs[0])).text
    finally:
        with service.accounts.database.session() as session:
            for one in session.scalars(select(Link).where(Link.interview_id == pairs[1][0], Link.weight == 2.0)):
                session.delete(one)


# -- answers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "status"), [("same", "decided"), ("different", "apart"), ("split", "decided"), ("merge", "decided")]
)
def test_an_answer_takes_effect_at_once_and_undo_takes_it_back(
    desk: tuple[Service, list[Pair]], verdict: str, status: str
) -> None:
    service, pairs = desk
    assert answer(service, "lan", pairs[0], verdict) == 303
    assert link(service, pairs[0]) == (verdict if status == "decided" else "same", status, None)
    assert shown(service, "lan") == pairs[1][0], "the desk goes on"
    assert undo_last(service, "lan") == 303
    assert link(service, pairs[0]) == ("same", "doubtful", 1)
    assert shown(service, "lan") == pairs[0][0]


def test_last_years_class_and_its_flag_follow_the_answer(desk: tuple[Service, list[Pair]]) -> None:
    service, pairs = desk
    of = pairs[1]  # listed as poor

    def told() -> tuple[str | None, int]:
        with service.accounts.database.session() as session:
            session.execute(update(Interview).where(Interview.interview_id == of[0]).values(proposed_class="not_poor"))
            previous = session.scalar(select(Interview.previous_class).where(Interview.interview_id == of[0]))
            changed = select(func.count()).select_from(Flag)
            changed = changed.where(Flag.interview_id == of[0], Flag.code == "class_changed")
            return previous, session.scalar(changed) or 0

    assert told() == (None, 0)
    answer(service, "lan", of, "same")
    assert told() == ("poor", 1)
    undo_last(service, "lan")
    assert told() == (None, 0)
    answer(service, "lan", of, "split")
    assert told() == (None, 0), "a part that left is another household"


def test_who_is_unsure_hands_on_to_another(desk: tuple[Service, list[Pair]]) -> None:
    service, pairs = desk
    answer(service, "lan", pairs[0], "unsure")
    assert link(service, pairs[0]) == ("same", "doubtful", 2)
    assert shown(service, "lan") == pairs[1][0]
    assert shown(service, "mai") == pairs[0][0]
    answer(service, "mai", pairs[0], "unsure")
    assert link(service, pairs[0]) == ("same", "doubtful", None)
    assert shown(service, "nga") == pairs[1][0], "two who are unsure are enough"


def test_one_household_is_confirmed_once(desk: tuple[Service, list[Pair]]) -> None:
    service, pairs = desk
    second = pairs[1][0], pairs[0][1]
    with service.accounts.database.session() as session:
        session.add(Link(**link_row(*second, status="linked", readers=0)))
    try:
        answer(service, "lan", pairs[0], "same")
        # The automatic link of the same household is in doubt now.
        assert link(service, second) == ("same", "doubtful", 1)
        assert answer(service, "lan", second, "same") == 409
        undo_last(service, "lan")
        assert link(service, second) == ("same", "linked", None)
    finally:
        with service.accounts.database.session() as session:
            for one in session.scalars(
                select(Link).where(Link.interview_id == second[0], Link.household_code == second[1])
            ):
                session.delete(one)


def test_an_answer_to_an_older_version_is_refused(desk: tuple[Service, list[Pair]]) -> None:
    service, pairs = desk
    assert answer(service, "lan", pairs[0], "same", version="uuid:older") == 409
    assert link(service, pairs[0]) == ("same", "doubtful", 1)


# -- two readers ------------------------------------------------------------------------------------------------


def test_the_second_reader_sees_what_the_first_saw(desk: tuple[Service, list[Pair]]) -> None:
    service, pairs = desk
    of = pairs[0]
    to_be_read_by_two(service, of)

    def page(who: str) -> str:
        text = service.browser(who).get(address(of)).text
        return re.sub(r'value="[0-9a-f]{64}"|"X-CSRF-Token": "[0-9a-f]{64}"|' + who, "", text)

    before = page("mai")
    for verdict in ("same", "different", "split"):
        answer(service, "lan", of, verdict)
        assert link(service, of) == ("same", "doubtful", 2), "nothing happens before the second"
        assert page("mai") == before
        interview = service.browser("mai").get(f"/interviews/{of[0]}").text
        assert "chưa chắc, cần người xem" in interview
        undo_last(service, "lan")
    answer(service, "lan", of, "same")
    assert answer(service, "lan", of, "same") == 409, "nobody reads a pair twice"
    answer(service, "mai", of, "same")
    assert link(service, of) == ("same", "decided", None)


def test_a_third_decides_where_two_differ(desk: tuple[Service, list[Pair]]) -> None:
    service, pairs = desk
    of = pairs[0]
    to_be_read_by_two(service, of)
    answer(service, "lan", of, "same")
    answer(service, "mai", of, "different")
    assert link(service, of) == ("same", "doubtful", 3)
    assert shown(service, "lan") == shown(service, "mai") == pairs[1][0]
    assert shown(service, "nga") == of[0]
    answer(service, "nga", of, "split")
    assert link(service, of) == ("split", "decided", None)
    with service.accounts.database.session() as session:
        readings = session.scalars(select(LinkDecision).order_by(LinkDecision.reading)).all()
    assert [(one.reading, one.reader, one.verdict) for one in readings] == [
        (1, service.ids["lan"], "same"),
        (2, service.ids["mai"], "different"),
        (3, service.ids["nga"], "split"),
    ]


def test_nobody_finds_out_by_trying(desk: tuple[Service, list[Pair]]) -> None:
    service, pairs = desk
    of = pairs[0]
    to_be_read_by_two(service, of)
    answer(service, "lan", of, "same")
    answer(service, "mai", of, "different")
    undo_last(service, "mai")
    assert answer(service, "mai", of, "same") == 409, "an answer taken back is not tried again once another has read"
    assert shown(service, "mai") == pairs[1][0]
    answer(service, "nga", of, "same")
    assert link(service, of) == ("same", "decided", None)


def test_nobody_takes_back_what_another_said(desk: tuple[Service, list[Pair]]) -> None:
    service, pairs = desk
    answer(service, "lan", pairs[0], "same")
    with service.accounts.database.session() as session:
        number = session.scalars(select(LinkDecision.decision_id)).one()
    assert post(service.browser("mai"), f"/linkage/decisions/{number}/undo").status_code == 404
    assert link(service, pairs[0]) == ("same", "decided", None)


def test_agreement_is_for_those_who_do_not_read(desk: tuple[Service, list[Pair]]) -> None:
    service, pairs = desk
    for of, second in zip(pairs[:4], ("same", "different", "different", "different"), strict=True):
        to_be_read_by_two(service, of)
        answer(service, "lan", of, "same" if of in pairs[:2] else "different")
        answer(service, "mai", of, second)
    page = service.browser("province_officer").get("/linkage?purpose=inspection").text
    assert "giống nhau 75,0" in page
    assert "trên 4 cặp" in page
    assert "kappa của Cohen 0,50" in page
    assert "kappa" not in service.browser("lan").get("/linkage").text


def test_the_log_knows_who_answered_and_not_what(desk: tuple[Service, list[Pair]]) -> None:
    service, pairs = desk
    answer(service, "lan", pairs[0], "split")
    with service.accounts.database.session() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action.like("linkage.%"))).all()
        decisions = session.scalars(select(LinkDecision)).all()
        links = session.scalars(select(Link)).all()
    said = " ".join(f"{one.action} {one.object_kind} {one.object_id} {one.purpose}" for one in entries)
    assert ("linkage.decide", pairs[0][0]) in {(one.action, one.object_id) for one in entries}
    assert "split" not in said
    kept = said + " ".join(str(vars(one)) for one in (*decisions, *links))
    for value in (GONE, PHONE, "Nguyễn", "Thị", "0331"):
        assert value not in kept


# -- not found --------------------------------------------------------------------------------------------------


def test_a_household_not_found_waits_for_a_person(desk: tuple[Service, list[Pair]]) -> None:
    service, pairs = desk
    browser = service.browser("commune")
    page = browser.get("/linkage/absent").text
    codes = re.findall(r'name="household" value="([^"]+)"', page)
    assert codes
    assert pairs[0][1] not in codes, "it is still in question"
    assert f"{len(codes)} hộ năm trước chưa tìm thấy" in browser.get("/linkage").text
    assert post(browser, "/linkage/absent", household=codes[0], reason="move").status_code == 303
    page = browser.get("/linkage/absent").text
    assert "Chuyển đi" in page
    assert f"{len(codes) - 1} hộ chờ ghi lý do" in page
    assert post(browser, "/linkage/absent", household=codes[0], reason="death").status_code == 409
    undo = re.search(r"/linkage/absent/(\d+)/undo", page)
    assert undo is not None
    assert post(service.browser("lan"), undo[0]).status_code == 404, "another's word"
    assert post(browser, undo[0]).status_code == 303
    assert f"{len(codes)} hộ chờ ghi lý do" in browser.get("/linkage/absent").text
    assert post(browser, "/linkage/absent", household=pairs[1][1], reason="move").status_code == 404


def test_an_empty_desk_says_what_is_left(desk: tuple[Service, list[Pair]]) -> None:
    service, pairs = desk
    answer(service, "commune", pairs[0], "same")
    page = service.browser("commune").get("/linkage").text
    assert "Không còn cặp nào." in page
    assert re.search(r"\d+ hộ năm trước chưa tìm thấy", page)


def test_linking_anew_is_asked_of_the_worker(desk: tuple[Service, list[Pair]]) -> None:
    from server.jobs.tables import Job

    service, _ = desk
    assert post(service.browser("supervisor"), "/linkage/reconcile").status_code == 403
    assert post(service.browser("commune"), "/linkage/reconcile").status_code == 403
    for _again in range(2):
        assert post(service.browser("lan"), "/linkage/reconcile").status_code == 303
    with service.accounts.database.session() as session:
        jobs = session.scalars(select(Job).where(Job.kind == "reconcile")).all()
    assert [one.args for one in jobs] == [{"round": ROUND, "train": False, "by": service.ids["lan"]}]

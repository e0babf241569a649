"""Photos and the log of an interview: shown to who may read it, and to nobody else."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from PIL import Image
from sqlalchemy import select

from sandbox.photos import photo_of_a_house
from server.attachments import service as attachments
from server.audit.tables import AuditEntry
from server.cases.tables import Interview
from server.paradata.service import LOG_NAME
from tests.browser.province import SOURCE
from tests.server.people import FIRST_ENUMERATOR, Service, make_service
from tests.server.visit_files import LOG, keep_file, measure_logs, note_file

pytestmark = pytest.mark.filterwarnings("ignore::starlette.exceptions.StarletteDeprecationWarning")

PHOTO = photo_of_a_house(1)


@dataclass(frozen=True)
class Visited:
    """A service with an interview that has two photos, one of them broken, and a log."""

    service: Service
    interview_id: str
    photo: str
    broken: str
    log: str

    def paths(self, address: str) -> tuple[str, str]:
        """The content's address and the thumbnail's."""
        path = f"/interviews/{self.interview_id}/attachments/{address}"
        return path, f"{path}/thumbnail"


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    with pytest.MonkeyPatch.context() as patch:
        service = make_service(tmp_path_factory.mktemp("service"), patch, households=40)
        database = service.accounts.database
        store = attachments.open_store(service.app.state.settings)
        with database.session() as session:
            ids = session.scalars(
                select(Interview.interview_id)
                .where(Interview.enumerator == FIRST_ENUMERATOR)
                .order_by(Interview.interview_id)
            ).all()
        photo = keep_file(database, store, ids[0], "house.jpg", PHOTO)
        broken = keep_file(database, store, ids[0], 'bad"\r\nname.jpg', PHOTO[:300])
        log = keep_file(database, store, ids[0], LOG_NAME, LOG)
        measure_logs(database, store, SOURCE)
        yield Visited(service, ids[0], photo, broken, log)


def test_who_is_not_logged_in_is_asked_to_and_gets_no_byte(visited: Visited) -> None:
    for path in visited.paths(visited.photo):
        answer = visited.service.browser().get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login")
        assert b"JFIF" not in answer.content


@pytest.mark.parametrize(
    "who", ["enumerator", "supervisor", "clerk", "commune_leader", "province_officer", "planner", "administrator"]
)
def test_who_reads_the_interview_sees_its_photos_and_no_one_else(visited: Visited, who: str) -> None:
    reads = who in {"enumerator", "supervisor", "clerk", "commune_leader"}
    client = visited.service.browser(who)
    page = client.get(f"/interviews/{visited.interview_id}")
    for path in visited.paths(visited.photo):
        answer = client.get(path)
        assert answer.status_code == (200 if reads else 403 if who in {"planner", "administrator"} else 404), path
    assert (f"/attachments/{visited.photo}/thumbnail" in page.text) == reads
    for path in visited.paths(visited.photo):
        assert visited.service.browser(f"{who}.abroad").get(path).status_code in (403, 404)
    assert visited.service.browser("nobody").get(visited.paths(visited.photo)[0]).status_code in (403, 404)


def test_the_provinces_officer_sees_it_for_a_purpose(visited: Visited) -> None:
    client = visited.service.browser("province_officer")
    for path in visited.paths(visited.photo):
        assert client.get(path).status_code == 404
        assert client.get(f"{path}?purpose=complaint").status_code == 200
    page = client.get(f"/interviews/{visited.interview_id}?purpose=complaint").text
    assert f"/attachments/{visited.photo}/thumbnail?purpose=complaint" in page


def test_a_photo_is_kept_nowhere_on_its_way_and_can_run_nothing(visited: Visited) -> None:
    client = visited.service.browser("supervisor")
    content, small = (client.get(path) for path in visited.paths(visited.photo))
    assert content.content == PHOTO
    with Image.open(io.BytesIO(small.content)) as image:
        assert max(image.size) == 480
        assert not dict(image.getexif())
    for answer in (content, small):
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"].split("; ")
        assert {"default-src 'none'", "sandbox", "frame-ancestors 'none'"} <= set(policy)
        assert not any(one.startswith("script-src") for one in policy)
        assert answer.headers["content-disposition"].startswith("inline; ")
    named = client.get(visited.paths(visited.broken)[0])
    assert named.headers["content-disposition"] == 'inline; filename="bad_name.jpg"'
    assert client.get(visited.paths(visited.broken)[1]).status_code == 404


def test_who_opened_a_photo_stands_in_the_log(visited: Visited) -> None:
    visited.service.browser("clerk").get(visited.paths(visited.photo)[0])
    with visited.service.accounts.database.session() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(1)).one()
    assert (entry.actor, entry.action, entry.object_id, entry.purpose) == (
        visited.service.ids["clerk"], "attachment.read", visited.interview_id, "linkage",
    )  # fmt: skip


def test_a_photo_is_found_under_its_own_interview_only(visited: Visited) -> None:
    client = visited.service.browser("supervisor")
    with visited.service.accounts.database.session() as session:
        other = session.scalars(
            select(Interview.interview_id).where(Interview.interview_id != visited.interview_id).limit(1)
        ).one()
    for path in (f"/interviews/{other}/attachments/{visited.photo}", f"{visited.paths('0' * 64)[0]}"):
        assert client.get(path).status_code == 404


def test_the_log_itself_is_given_to_nobody_and_hides_personal_numbers(visited: Visited) -> None:
    client = visited.service.browser("supervisor")
    assert client.get(visited.paths(visited.log)[0]).status_code == 404
    page = client.get(f"/interviews/{visited.interview_id}").text
    assert visited.log not in page
    assert "033160000999" not in page
    assert "033•••••••99" in page


def test_the_page_says_how_it_was_held(visited: Visited) -> None:
    page = visited.service.browser("supervisor").get(f"/interviews/{visited.interview_id}").text
    held = page[page.index('id="held"') : page.index('id="history-title"')]
    for words in (
        "19,0 phút",
        "1 lần, 30 phút",
        "đóng phiếu",
        "#1",
        "120.000.000",
        "Câu trả lời đã sửa khi làm phiếu: 2",
    ):
        assert words in held, words
    assert "Phiếu được làm 19 phút trong đêm" in page
    assert 'href="#held"' in page
    english = visited.service.browser("clerk").get(f"/interviews/{visited.interview_id}?lang=en").text
    assert "How it was held" in english
    assert "the form was closed" in english


@pytest.mark.parametrize(
    ("state", "more", "words"),
    [
        ("expected", {}, "Central chưa có, điện thoại còn giữ"),
        ("present", {}, "sẽ tải ở lần đồng bộ tới"),
        ("present", {"attempts": 3}, "tải chưa được (3 lần)"),
        ("refused", {"reason": "too_large", "size": 31_400_000}, "tệp quá lớn (31,4 MB)"),
        ("refused", {"reason": "type"}, "không phải loại tệp được nhận"),
        ("refused", {"reason": "pixels"}, "quá nhiều điểm ảnh"),
        ("refused", {"reason": "empty"}, "tệp rỗng"),
        ("gone", {}, "Central không còn chờ tệp này"),
    ],
)
def test_what_is_not_here_says_why(visited: Visited, state: str, more: dict[str, object], words: str) -> None:
    database = visited.service.accounts.database
    with database.session() as session:
        of = session.scalars(
            select(Interview.interview_id).where(Interview.interview_id != visited.interview_id).limit(1)
        ).one()
    name = f"{state}-{len(str(more))}-{words[:4]}.jpg"
    note_file(database, of, name, state, **more)
    page = visited.service.browser("supervisor").get(f"/interviews/{of}").text
    photos = page[page.index('id="photos"') : page.index('id="held"')]
    assert words in photos
    assert name in photos


def test_an_interview_without_files_says_so(visited: Visited) -> None:
    client = visited.service.browser("supervisor")
    with visited.service.accounts.database.session() as session:
        bare = session.scalars(
            select(Interview)
            .where(Interview.attachments_expected == 0)
            .order_by(Interview.interview_id.desc())
            .limit(1)
        ).first()
        waiting = session.scalars(
            select(Interview).where(Interview.attachments_expected > 0).order_by(Interview.interview_id.desc())
        ).first()
    assert bare is not None
    assert waiting is not None
    page = client.get(f"/interviews/{bare.interview_id}").text
    assert "Phiếu không có ảnh." in page
    assert "Phiếu không kèm nhật ký phỏng vấn." in page
    assert "Phiếu có 1 tệp đính kèm, chưa hỏi Central" in client.get(f"/interviews/{waiting.interview_id}").text

"""Erasure (xóa dữ liệu cá nhân): the key of a household is destroyed, and everything that was derived with it removed.

What stays holds no answer, name, number or place: the tombstone of the key, that versions of a submission were received
and when, official decisions by number, and the access log's entry of the erasure. A rebuild passes over an erased
household, and a later pull or import of it is not kept.

ODK Central and the phone have copies of their own: erase the submission there too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from server.attachments import service as attachments
from server.attachments.store import ObjectStore
from server.audit.service import Event, Purpose, append
from server.cases import service as cases
from server.database import Database, scrub
from server.errors import NotFoundError, UserError
from server.linkage import service as linkage
from server.paradata import service as paradata
from server.registry import service as registry
from server.review import service as review
from server.rounds import service as rounds
from server.secrets.service import interview_subject, registry_subject, vault_of
from server.submissions import service as submissions

_REGISTRY_ID = re.compile(r"(\d{2})/(\d{4})/(.+)")


class Reason(StrEnum):
    """Why a household is erased: a closed list, so that no free text carries a value into the log."""

    SUBJECT_REQUEST = "subject_request"  # chủ thể dữ liệu yêu cầu
    RETENTION = "retention"  # hết thời hạn lưu
    NO_GROUND = "no_ground"  # thu thập nhầm, không có căn cứ


@dataclass(frozen=True)
class Erasure:
    """What was erased: `interview` or `registry_household`, its id; and what is held of the same household elsewhere.

    also_held: ids of the households on lists that the interview was linked with; each is erased by itself.
    """

    kind: str
    id: str
    also_held: list[str]


def erase(
    database: Database,
    subject: str,
    *,
    by: str,
    reason: Reason,
    at: datetime | None = None,
    store: ObjectStore | None = None,
) -> Erasure:
    """Erase a household: an interview by its id, or one on a list as `33/2025/CODE` (province, year, household code).

    by: user id of who asked for it, for the access log. Erasing again changes nothing but adds to the log.
    store: where photos and audit logs lie; without it they cannot be opened any more and go with the next tidying.
    Raises `NotFoundError` for an id that was never received.
    """
    at = at or datetime.now(UTC)
    on_list = _REGISTRY_ID.fullmatch(subject)
    if on_list:
        erasure = _erase_listed(database, on_list[1], int(on_list[2]), on_list[3], by, reason, at)
    else:
        erasure = _erase_interview(database, subject, by, reason, at, store)
    scrub(database)
    return erasure


def parse_reason(text: str) -> Reason:
    """The reason of a command line. Raises `UserError`."""
    try:
        return Reason(text)
    except ValueError:
        known = ", ".join(Reason)
        raise UserError(
            "erase_reason", f"Lý do xóa phải là một trong: {known}.", f"The reason is one of: {known}."
        ) from None


def _erase_interview(
    database: Database, interview_id: str, by: str, reason: Reason, at: datetime, store: ObjectStore | None
) -> Erasure:
    with database.session() as session:
        # The key first: whoever derives or stores with it now ends before, and what he wrote is removed below.
        vault_of(session).erase([interview_subject(interview_id)], at)
        round_ids = submissions.erase(session, interview_id)
        if not round_ids:
            raise _unknown(interview_id)
        also_held = linkage.forget_interview(session, interview_id)
        registry.forget_interview(session, interview_id)
        review.forget_words(session, interview_id)
        cases.erase(session, interview_id, round_ids)
        for province_code in {rounds.get(session, round_id).province_code for round_id in round_ids}:
            registry.recount_province(session, province_code)
        paradata.forget(session, interview_id)
        contents = attachments.forget(session, interview_id)
        append(session, by, [_event("interview", interview_id, reason)], at=at)
    if store is not None:  # after the commit: what was taken back must still be there
        attachments.destroy(store, contents)
    return Erasure("interview", interview_id, also_held)


def _erase_listed(
    database: Database, province_code: str, year: int, code: str, by: str, reason: Reason, at: datetime
) -> Erasure:
    subject = f"{province_code}/{year}/{code}"
    with database.session() as session:
        vault_of(session).erase([registry_subject(province_code, year, code)], at)
        if not registry.erase(session, province_code, year, code):
            raise _unknown(subject)
        for round_id in sorted(linkage.forget_listed(session, province_code, year, code)):
            cases.crosscheck(session, round_id)
        registry.recount_province(session, province_code)
        append(session, by, [_event("registry_household", subject, reason)], at=at)
    return Erasure("registry_household", subject, [])


def _event(kind: str, subject: str, reason: Reason) -> Event:
    purpose = Purpose.SUBJECT_REQUEST if reason is Reason.SUBJECT_REQUEST else None
    return Event(f"privacy.erase.{reason.value}", kind, subject, purpose)


def _unknown(subject: str) -> NotFoundError:
    return NotFoundError(
        "erase_unknown",
        f"Không có phiếu hay hộ nào mã {subject}. Phiếu: mã của Central (uuid:…); hộ trong danh sách: 33/2025/MÃ.",
        f"Nothing was received as {subject}. Interviews: Central's id (uuid:…); a listed household: 33/2025/CODE.",
    )

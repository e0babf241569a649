"""Submissions of a form through OData: the root table with `$expand=*`, parsed as it arrives, in constant memory.

Never by `@odata.nextLink`: it is built from the server's own domain, fails with `$orderby`, and ends silently when the
row of its token was purged. Never a repeat's own table. Filters and counts alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from server.central.client import Central, part
from server.central.document import Document, HalfDocumentError
from server.central.errors import CentralError
from server.submissions.rows import BrokenRowError, EncryptedRowError, Received, UnreadableRowError

_SUBMITTED = "__system/submissionDate"
_UPDATED = "__system/updatedAt"
_DELETED = "__system/deletedAt"

#: Ids asked for in one filter: the address must stay short of what proxies take (8 kB).
IDS_AT_ONCE = 40


class SubmissionFeed:
    """Reads submissions of one form. Every method raises `CentralError`; times are Central's."""

    def __init__(self, central: Central, project_id: int, form_id: str) -> None:
        self._central = central
        self._form_id = form_id
        self._form = f"projects/{project_id}/forms/{part(form_id)}"

    def check_form(self) -> str:
        """That the form is there and its answers can be read; its version. `central_encrypted` where not."""
        form = self._central.get_json(self._form, f"form {self._form_id}")
        if not isinstance(form, dict):
            raise CentralError("central_refused", what=f"form {self._form_id}")
        if form.get("keyId") is not None:
            raise CentralError("central_encrypted", what=self._form_id)
        return str(form.get("version") or "")

    def fields(self) -> list[str]:
        """Paths of the form's questions as its rows have them (`/place/phone`), groups and repeats left out; sorted."""
        what = f"form {self._form_id}: fields"
        listed = self._central.get_json(f"{self._form}/fields", what, odata="true")
        if not isinstance(listed, list):
            raise CentralError("central_refused", what=what)
        return sorted(str(one["path"]) for one in listed if one.get("type") not in ("structure", "repeat"))

    def count(self, condition: str | None = None) -> int:
        """Number of submissions, live ones unless the condition speaks of deletion."""
        params = {"$top": "0", "$count": "true"}
        if condition:
            params["$filter"] = condition
        what = f"form {self._form_id}"
        answer = self._central.get_json(f"{self._form}.svc/Submissions", what, **params)
        count = answer.get("@odata.count") if isinstance(answer, dict) else None
        if not isinstance(count, int):
            raise CentralError("central_refused", what=f"{what}: count")
        return count

    def first_arrival(self, condition: str | None = None) -> datetime | None:
        """Arrival of the oldest submission; None when there is none."""
        return self._arrival("asc", condition)

    def last_arrival(self) -> datetime | None:
        """Arrival of the newest submission; None when there is none. It may be in the future: clocks are set."""
        return self._arrival("desc", None)

    def _arrival(self, order: str, condition: str | None) -> datetime | None:
        params = {"$top": "1", "$orderby": f"{_SUBMITTED} {order}"}
        if condition:
            params["$filter"] = condition
        for row in self._read(params):
            return row.submitted_at
        return None

    def rows(self, condition: str | None = None) -> Iterator[Received]:
        """Every submission under a condition, as it comes, by its arrival at Central, the oldest first.

        When the document breaks off, or holds fewer rows than it counts, `central_half_document` is raised at the end:
        what came until then is true, and not all of it.
        """
        params = {"$expand": "*", "$count": "true", "$orderby": f"{_SUBMITTED} asc"}
        if condition:
            params["$filter"] = condition
        return self._read(params)

    def rows_by_id(self, ids: Sequence[str], *, deleted: bool = False) -> Iterator[Received]:
        """Live (or deleted) submissions among `ids`; what Central no longer has does not come."""
        for start in range(0, len(ids), IDS_AT_ONCE):
            some = ids[start : start + IDS_AT_ONCE]
            listed = " or ".join(f"__id eq '{one.replace(chr(39), chr(39) * 2)}'" for one in some)
            yield from self.rows(f"({listed}) and {DELETED}" if deleted else listed)

    def heads(self) -> Iterator[Received]:
        """Id, version and state of every live submission, without its answers. A cut document as in `rows`."""
        return self._read({"$select": "__id,__system,meta/instanceID", "$count": "true"})

    def _read(self, params: dict[str, str]) -> Iterator[Received]:
        what = f"form {self._form_id}"
        # `%20`, not `+`, for a blank: Central's filter parser takes it everywhere.
        with self._central.stream(f"{self._form}.svc/Submissions", what, params) as pieces:
            received = 0
            document = Document(pieces)
            try:
                for row in document.rows():
                    received += 1
                    yield row
            except EncryptedRowError:
                raise CentralError("central_encrypted", what=self._form_id) from None
            except UnreadableRowError as error:
                raise CentralError("central_refused", what=f"{what}: {error.reason}") from None
            except (HalfDocumentError, BrokenRowError):
                raise CentralError("central_half_document", what=what) from None
            if "$count" in params and document.count != received:
                raise CentralError("central_half_document", what=f"{what}: {received}/{document.count}")


def arrived(since: datetime | None, before: datetime | None) -> str | None:
    """Condition: arrived in [since, before)."""
    parts = []
    if since is not None:
        parts.append(f"{_SUBMITTED} ge {stamp(since)}")
    if before is not None:
        parts.append(f"{_SUBMITTED} lt {stamp(before)}")
    return " and ".join(parts) or None


def changed(since: datetime) -> str:
    """Condition: edited or reviewed at or after a time. Photos, comments, deletion and restoration do not show here."""
    return f"{_UPDATED} ge {stamp(since)}"


DELETED = f"{_DELETED} ne null"


def stamp(time: datetime) -> str:
    """A time as Central's filter reads it: UTC, milliseconds, Z (a raw `+` of an offset would be a blank)."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""Central asked as one phone: the forms it is offered, and the rows of an entity list that it gets.

The token is the phone; it stands in the address, so no address is ever said in an error.
"""

from __future__ import annotations

import csv
import io
from types import TracebackType
from urllib.parse import urlsplit
from xml.etree import ElementTree

import requests

from server.central.client import part
from server.central.errors import CentralError
from server.settings import CentralSettings

_LIST = "{http://openrosa.org/xforms/xformsList}"
_MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"


class PhoneLine:
    """A phone of a project, as Central sees it; a context manager. `code` names it in errors."""

    def __init__(self, settings: CentralSettings, project_id: int, code: str, token: str) -> None:
        if not settings.url:
            raise CentralError("central_not_set")
        self._server = settings.url.rstrip("/")
        self._base = f"{self._server}/v1/key/{token}/projects/{project_id}"
        self._code = code
        self._timeout = (settings.connect_timeout, settings.read_timeout)
        self._session = requests.Session()
        self._session.trust_env = False  # no credentials of this machine
        self._session.headers["X-OpenRosa-Version"] = "1.0"

    def __enter__(self) -> PhoneLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def forms(self) -> list[str]:
        """Ids of the forms it is offered, sorted. Raises `CentralError`."""
        root = self._xml("/formList")
        return sorted(one.findtext(f"{_LIST}formID", "") for one in root.iter(f"{_LIST}xform"))

    def entity_lists(self, form_id: str) -> dict[str, list[dict[str, str]]]:
        """The rows of every entity list that comes with a form, by the list's name: name (uuid), label, properties.

        Found as a phone finds them, through the form's manifest. Raises `CentralError`.
        """
        found = {}
        for one in self._xml(f"/forms/{part(form_id)}/manifest").iter(f"{_MANIFEST}mediaFile"):
            if one.get("type") in ("entityList", "approvalEntityList"):
                # The address in the manifest is built from the server's own domain, which may not be the one used here.
                address = urlsplit(one.findtext(f"{_MANIFEST}downloadUrl", ""))
                place = address.path.partition("/projects/")[2].partition("/")[2]
                text = self._get(f"/{place}").content.decode("utf-8")
                name = one.findtext(f"{_MANIFEST}filename", "").removesuffix(".csv")
                found[name] = list(csv.DictReader(io.StringIO(text)))
        return found

    def _xml(self, path: str) -> ElementTree.Element:
        try:
            return ElementTree.fromstring(self._get(path).content)  # noqa: S314 - from Central itself, expat >= 2.4
        except ElementTree.ParseError:
            raise CentralError("central_not_central", url=self._server) from None

    def _get(self, path: str) -> requests.Response:
        try:
            response = self._session.get(self._base + path, timeout=self._timeout)
        except requests.Timeout:
            raise CentralError("central_timeout", url=self._server) from None
        except requests.RequestException:
            raise CentralError("central_down", url=self._server) from None
        if response.status_code in (401, 403):
            raise CentralError("phone_refused", what=self._code)
        if response.status_code == 404:
            raise CentralError("central_not_found", url=self._server, what=f"phone {self._code}: form")
        if response.status_code >= 400:
            raise CentralError("central_failing", url=self._server, what=f"phone {self._code}: {response.status_code}")
        return response

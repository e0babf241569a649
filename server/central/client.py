"""ODK Central through pyodk, with its traps taken out.

pyodk mounts timeouts and retries on https alone, keeps its token in the home folder, and logs response bodies. Here the
session has no cache file, both schemes have timeouts and retries, pyodk's own log is shut, and every failure becomes
a `CentralError` that holds a status, Central's error code, and no body. pyodk is synchronous: never in the event loop.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import quote

import requests
from pyodk._utils.config import CentralConfig, Config
from pyodk._utils.session import Adapter, Session
from pyodk.client import Client
from pyodk.errors import PyODKError
from urllib3.exceptions import HTTPError as Urllib3Error
from urllib3.exceptions import ReadTimeoutError
from urllib3.util import Retry

from server.central.errors import CentralError
from server.settings import CentralSettings

# pyodk logs whole response bodies at ERROR.
logging.getLogger("pyodk").setLevel(logging.CRITICAL + 1)

_CHUNK = 256 * 1024

_MD5 = re.compile(r'(?:W/)?"([0-9a-f]{32})"')


@dataclass(frozen=True)
class Download:
    """A file of Central: its content (None: larger than asked for), size in bytes, the type it is said to be."""

    content: bytes | None
    size: int
    media_type: str


class Central:
    """A connection to one project of a Central server; a context manager.

    All paths are relative to `/v1/`; parts that come from data go through `part`. Raises `CentralError` only.
    """

    def __init__(self, settings: CentralSettings) -> None:
        if not settings.url or not settings.user or settings.password is None:
            raise CentralError("central_not_set")
        self.url = settings.url.rstrip("/")
        self._project_id = settings.project_id
        password = settings.password.get_secret_value()
        session = Session(self.url, "v1", settings.user, password, cache_path=None, chunk_size=_CHUNK)
        adapter = Adapter(
            timeout=(settings.connect_timeout, settings.read_timeout),
            blocksize=_CHUNK,
            # Only reads are repeated: POST and PATCH are made safe by whoever sends them.
            max_retries=Retry(
                total=settings.retries,
                backoff_factor=settings.backoff,
                status_forcelist=(429, 500, 502, 503, 504),
                raise_on_status=False,
            ),
        )
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        config = Config(central=CentralConfig(self.url, settings.user, password, settings.project_id))
        self._client = Client(session=session, config=config)

    @property
    def project_id(self) -> int:
        """The project set up. Raises `CentralError` when none is."""
        if self._project_id is None:
            raise CentralError("central_not_set")
        return self._project_id

    def __enter__(self) -> Central:
        self.login()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.session.close()

    def login(self) -> None:
        """Open a session on Central (valid for a day). Raises `CentralError`."""
        session = self._client.session
        session.headers.pop("Authorization", None)
        with self._translated("sessions"):
            try:
                session.auth.login()
            except PyODKError as error:
                response = error.args[1] if len(error.args) > 1 else None
                status = response.status_code if isinstance(response, requests.Response) else None
                # Central answers 401 for a wrong password and 400 for what is no login at all.
                if status in (400, 401):
                    raise CentralError("central_credentials", url=self.url) from None
                if isinstance(response, requests.Response):
                    raise self._failure(response, "sessions") from None
                raise CentralError("central_not_central", url=self.url) from None

    def get_json(self, path: str, what: str, **params: str) -> Any:
        """The JSON document at `path`. `what` names the thing in errors."""
        return self._json(self._request("GET", path, what, params=params), what)

    def get_text(self, path: str, what: str) -> str:
        """The XML document at `path`, such as a published form."""
        response = self._request("GET", path, what)
        if "xml" not in response.headers.get("Content-Type", ""):
            raise CentralError("central_not_central", url=self.url)
        return response.content.decode("utf-8", "replace")

    def send(
        self,
        method: str,
        path: str,
        what: str,
        *,
        json: Any = None,
        data: bytes | None = None,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
    ) -> Any:
        """POST, PATCH, PUT or DELETE; the JSON answer. Not repeated by itself."""
        response = self._request(method, path, what, json=json, data=data, headers=headers, params=params)
        return self._json(response, what)

    @contextmanager
    def stream(self, path: str, what: str, params: dict[str, str]) -> Iterator[Iterator[bytes]]:
        """The body at `path` in pieces, as they arrive. A body that breaks off raises `CentralError`."""
        response = self._request("GET", path, what, params=params, stream=True)
        self._demand_json(response)
        try:
            with self._translated(what, streaming=True):
                yield response.iter_content(_CHUNK)
        finally:
            response.close()

    def download(self, path: str, what: str, limit: int) -> Download:
        """The file at `path`, whole; of one larger than `limit` bytes only its size, as far as it is known.

        Central's ETag of a file is its MD5, which finds what a careless proxy cut short. Raises `CentralError`.
        """
        response = self._request("GET", path, what, stream=True)
        try:
            with self._translated(what, streaming=True):
                if "Content-Disposition" not in response.headers:  # Central's files have one, web pages have not
                    raise CentralError("central_not_central", url=self.url)
                media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                content = bytearray()
                for piece in response.iter_content(_CHUNK):
                    content += piece
                    if len(content) > limit:
                        said = response.headers.get("Content-Length", "")
                        return Download(None, max(len(content), int(said) if said.isdigit() else 0), media_type)
        finally:
            response.close()
        etag = _MD5.fullmatch(response.headers.get("ETag", ""))
        # Where Central keeps files on S3 it redirects there, and an ETag means something else.
        if etag and not response.history and hashlib.md5(content, usedforsecurity=False).hexdigest() != etag[1]:
            raise CentralError("central_half_document", url=self.url, what=what)
        return Download(bytes(content), len(content), media_type)

    def clock(self) -> str | None:
        """Central's own time as its `Date` header says it, or None."""
        date: str | None = self._request("GET", "users/current", "user").headers.get("Date")
        return date

    def _request(self, method: str, path: str, what: str, **options: Any) -> requests.Response:
        for attempt in (1, 2):
            with self._translated(what):
                response: requests.Response = self._client.session.request(method, path, **options)
            if response.status_code == 401 and attempt == 1:  # a session ends after a day
                self.login()
                continue
            break
        if response.status_code >= 400:
            raise self._failure(response, what)
        return response

    @contextmanager
    def _translated(self, what: str, *, streaming: bool = False) -> Iterator[None]:
        """Turn the errors of the transport into `CentralError`, without their text, which may hold a body."""
        try:
            yield
        except requests.Timeout:
            raise CentralError("central_timeout", url=self.url) from None
        except requests.exceptions.JSONDecodeError:
            raise CentralError("central_not_central", url=self.url) from None
        except requests.ConnectionError as error:
            code = "central_half_document" if streaming else "central_down"
            if _is_timeout(error):
                code = "central_timeout"
            raise CentralError(code, url=self.url, what=what) from None
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError, Urllib3Error):
            raise CentralError("central_half_document", url=self.url, what=what) from None
        except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema):
            raise CentralError("central_down", url=self.url) from None
        except requests.RequestException:
            raise CentralError("central_failing", url=self.url, what=what) from None

    def _failure(self, response: requests.Response, what: str) -> CentralError:
        status = response.status_code
        detail = f"{what}: {status}"
        try:
            code = response.json().get("code")
        except (ValueError, AttributeError):
            code = None
        if isinstance(code, int | float):
            detail = f"{what}: {code}"
        elif status < 500:  # Central's own refusals are JSON with a code; anything else is not Central
            return CentralError("central_not_central", url=self.url)
        kinds = {
            401: "central_credentials",
            403: "central_forbidden",
            404: "central_not_found",
            409: "central_conflict",
        }
        if status == 404:
            detail = what
        if status in kinds:
            return CentralError(kinds[status], url=self.url, what=detail)
        # 501: Central has no such option; anything else of 5xx is trouble on its side.
        if status >= 500 and status != 501:
            return CentralError("central_failing", url=self.url, what=detail)
        return CentralError("central_refused", url=self.url, what=detail)

    def _demand_json(self, response: requests.Response) -> None:
        kind = response.headers.get("Content-Type", "")
        if "json" not in kind:
            response.close()
            raise CentralError("central_not_central", url=self.url)

    def _json(self, response: requests.Response, what: str) -> Any:
        self._demand_json(response)
        try:
            return response.json()
        except ValueError:
            raise CentralError("central_half_document", url=self.url, what=what) from None


def _is_timeout(error: requests.ConnectionError) -> bool:
    """requests calls a time-out a lost connection once urllib3 gave up retrying, and while a body is read."""
    cause = error.args[0] if error.args else None
    return isinstance(cause, ReadTimeoutError) or isinstance(getattr(cause, "reason", None), ReadTimeoutError)


def part(text: str) -> str:
    """A piece of a path that comes from data (a form id, an instance id), encoded."""
    return quote(text, safe="")

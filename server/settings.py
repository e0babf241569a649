"""Settings from the environment (`RASOAT_...`), one class per concern. Secrets are never printed.

An unknown `RASOAT_` variable is refused: a misspelt one would be ignored silently.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

#: Variables of the test suites; the service ignores them.
_TEST_PREFIX = "RASOAT_TEST_"


class SettingsError(Exception):
    """A setting that is unknown or does not hold; the message names it and the remedy, never its value."""


class _Concern(BaseSettings):
    """Values come from `load_settings` alone, which reads the environment it is given."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_named: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


class DataSettings(_Concern):
    """Where files are kept: the embedded database, built forms, reports."""

    model_config = SettingsConfigDict(env_prefix="RASOAT_DATA_")

    dir: Path = Path("rasoat-data")


class DatabaseSettings(_Concern):
    """`RASOAT_DATABASE_URL`: PostgreSQL in production; without it, SQLite in the data directory."""

    model_config = SettingsConfigDict(env_prefix="RASOAT_DATABASE_")

    url: SecretStr | None = None


class CentralSettings(_Concern):
    """The ODK Central to pull from and the web user to do it as."""

    model_config = SettingsConfigDict(env_prefix="RASOAT_CENTRAL_")

    url: str | None = None
    user: str | None = None
    password: SecretStr | None = None
    project_id: int | None = None
    #: The address of Central as phones reach it, where it is not `url`; it goes into their QR codes.
    phone_url: str | None = None
    connect_timeout: float = Field(10.0, gt=0)  # seconds
    read_timeout: float = Field(120.0, gt=0)  # seconds without a byte
    retries: int = Field(3, ge=0)
    backoff: float = Field(0.5, ge=0)  # seconds, doubled with each retry
    window: int = Field(50_000, gt=0)  # submissions asked for at once, about


class FormsSettings(_Concern):
    """How the forms of a round are built."""

    model_config = SettingsConfigDict(env_prefix="RASOAT_FORMS_")

    #: Whether the enumerator sees the class that the phone proposes; the household's class is the commune's decision.
    show_proposal: bool = False


class ServiceSettings(_Concern):
    """Where the web service listens, and how many threads may work."""

    model_config = SettingsConfigDict(env_prefix="RASOAT_SERVICE_")

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    #: Seconds in which a review decision can be undone before it is sent to Central.
    undo_seconds: int = Field(600, ge=0)
    #: Whether the page of all components (`/dev/components`) is served.
    developer: bool = False


class WorkerSettings(_Concern):
    """What the workers do by themselves, and whether the embedded service starts one."""

    model_config = SettingsConfigDict(env_prefix="RASOAT_WORKER_")

    #: Minutes between two pulls from Central; 0 = only when asked for.
    sync_minutes: int = Field(5, ge=0)
    #: Seconds between two looks for decisions to tell Central; 0 = only with a pull.
    deliver_seconds: int = Field(60, ge=0)
    #: Whether `rasoat serve` on SQLite, and the demo, start a worker beside them.
    embedded: bool = True


class AttachmentsSettings(_Concern):
    """Where photos and audit logs are kept, and which of them are."""

    model_config = SettingsConfigDict(env_prefix="RASOAT_ATTACHMENTS_")

    #: `disk`: below the data directory. `s3`: a bucket, with the extra `rasoat[s3]`.
    store: Literal["disk", "s3"] = "disk"
    max_bytes: int = Field(20_000_000, gt=0)  # of one file
    #: Media types that are kept, separated by commas; a file's content says which it is.
    types: str = "image/jpeg,image/png,image/webp,text/csv"
    max_pixels: int = Field(50_000_000, gt=0)  # of an image, unpacked
    thumbnail_pixels: int = Field(480, ge=32)  # the longer side
    s3_bucket: str | None = None
    s3_prefix: str = ""
    s3_endpoint_url: str | None = None  # of another maker than Amazon
    s3_region: str | None = None
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None

    @property
    def allowed_types(self) -> frozenset[str]:
        """The media types that are kept."""
        return frozenset(one.strip().lower() for one in self.types.split(",") if one.strip())


class LinkageSettings(_Concern):
    """How many people read a pair at the desk; a share goes from 0 to 1."""

    model_config = SettingsConfigDict(env_prefix="RASOAT_LINKAGE_")

    #: Share of the doubtful pairs that two people read, blind to one another; a third where they differ.
    second_share: float = Field(0.1, ge=0, le=1)
    #: Share of the pairs linked without a person that one reads all the same: it shows what error the cut implies.
    check_share: float = Field(0.005, ge=0, le=1)


class MasterSettings(_Concern):
    """The master keys of `server.secrets`, which reads them itself; here so that their names are known."""

    model_config = SettingsConfigDict(env_prefix="RASOAT_MASTER_")

    key: SecretStr | None = None
    key_file: Path | None = None


@dataclass(frozen=True)
class Settings:
    """All settings of one process."""

    data: DataSettings
    database: DatabaseSettings
    central: CentralSettings
    forms: FormsSettings
    service: ServiceSettings
    worker: WorkerSettings
    attachments: AttachmentsSettings
    linkage: LinkageSettings
    master: MasterSettings

    @property
    def database_url(self) -> str:
        """The database's address, with its password: for opening it only."""
        if self.database.url is not None:
            return self.database.url.get_secret_value()
        return f"sqlite:///{self.data.dir.resolve() / 'rasoat.sqlite'}"


_CLASSES: dict[str, type[_Concern]] = {
    "data": DataSettings,
    "database": DatabaseSettings,
    "central": CentralSettings,
    "forms": FormsSettings,
    "service": ServiceSettings,
    "worker": WorkerSettings,
    "attachments": AttachmentsSettings,
    "linkage": LinkageSettings,
    "master": MasterSettings,
}


def as_environment(settings: Settings) -> dict[str, str]:
    """The variables that give another process of this user these settings; secrets are among them."""
    variables: dict[str, str] = {}
    for concern, of_concern in _CLASSES.items():
        values = getattr(settings, concern)
        for name in of_concern.model_fields:
            value = getattr(values, name)
            if value is not None:
                text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
                variables[f"{of_concern.model_config['env_prefix']}{name}".upper()] = text
    return variables


def known_variables() -> list[str]:
    """Names of every variable that the service reads, sorted."""
    names = []
    for of_concern in _CLASSES.values():
        prefix = of_concern.model_config["env_prefix"]
        names += [f"{prefix}{field}".upper() for field in of_concern.model_fields]
    return sorted(names)


def load_settings(environment: Mapping[str, str] | None = None, **overrides: dict[str, Any]) -> Settings:
    """Read the settings from the environment.

    overrides: per concern, values that win over the environment: `load_settings(central={"project_id": 2})`.

    Raises `SettingsError` for an unknown variable of the prefix, or a value that does not fit.
    """
    environment = os.environ if environment is None else environment
    known = set(known_variables())
    unknown = sorted(
        name
        for name in environment
        if name.upper().startswith("RASOAT_")
        and not name.upper().startswith(_TEST_PREFIX)
        and name.upper() not in known
    )
    if unknown:
        raise SettingsError(
            f"Không có thiết lập {', '.join(unknown)}; các tên đúng: {', '.join(sorted(known))}.\n"
            f"Unknown setting {', '.join(unknown)}; the names are: {', '.join(sorted(known))}."
        )
    made: dict[str, Any] = {}
    for concern, of_concern in _CLASSES.items():
        prefix = str(of_concern.model_config["env_prefix"])
        given: dict[str, Any] = {
            name.lower().removeprefix(prefix.lower()): value
            for name, value in environment.items()
            if name.upper() in known and name.upper().startswith(prefix) and value != ""
        }
        try:
            made[concern] = of_concern.model_validate(given | overrides.get(concern, {}))
        except ValidationError as error:
            # Only where and what: the value itself may be a secret.
            problems = "; ".join(
                f"{prefix}{'_'.join(str(part) for part in problem['loc'])}".upper() + f": {problem['msg']}"
                for problem in error.errors(include_input=False, include_url=False)
            )
            raise SettingsError(
                f"Thiết lập không dùng được: {problems}.\nSetting cannot be used: {problems}."
            ) from None
    return Settings(**made)

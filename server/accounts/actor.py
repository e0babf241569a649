"""Who acts: a person, or a program with the person's token, with the roles held today."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person is to the service; always within areas."""

    ENUMERATOR = "enumerator"  # rà soát viên: own work
    SUPERVISOR = "supervisor"  # người duyệt phiếu
    CLERK = "clerk"  # người đối chiếu danh sách
    PLANNER = "planner"  # cán bộ kế hoạch: aggregates, no personal data
    COMMUNE_LEADER = "commune_leader"  # lãnh đạo xã: records decisions
    PROVINCE_OFFICER = "province_officer"  # cán bộ giảm nghèo tỉnh: reads households with a purpose
    ADMINISTRATOR = "administrator"  # quản trị: accounts and settings, sees no household


class AreaKind(StrEnum):
    """Kinds of area a role may be bound to; former districts ended on 1/7/2025 and remain working areas."""

    PROVINCE = "province"
    FORMER_DISTRICT = "former_district"
    COMMUNE = "commune"
    VILLAGE = "village"


@dataclass(frozen=True)
class Grant:
    """One role within one area, valid today.

    `area_code`: two digits for a province, three for a former district, five for a commune; a village's id.
    """

    role: Role
    area_kind: AreaKind
    area_code: str


@dataclass(frozen=True)
class Actor:
    """The person behind a request.

    `enumerator` is the name under which the person's own interviews arrive from the phone (None: takes none).
    `scopes` limits a program that came with a token; None is the person at the browser, limited by roles alone.
    """

    user_id: str
    grants: tuple[Grant, ...] = ()
    username: str = ""
    enumerator: str | None = None
    scopes: frozenset[str] | None = None
    is_demo: bool = False

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(grant.role for grant in self.grants)

    def has(self, *roles: Role) -> bool:
        """Whether the person holds one of these roles anywhere."""
        return not self.roles.isdisjoint(roles)

    def allows(self, scope: str) -> bool:
        """Whether this request may use what `scope` names (a browser session may use all)."""
        return self.scopes is None or scope in self.scopes


def demo_supervisor(province_code: str) -> Actor:
    """Whoever sits before `rasoat demo`: supervises its synthetic province, is its clerk, and has no account."""
    grants = tuple(Grant(role, AreaKind.PROVINCE, province_code) for role in (Role.SUPERVISOR, Role.CLERK))
    return Actor("demo", grants, username="demo", is_demo=True)

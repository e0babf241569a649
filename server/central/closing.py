"""Taking a form out of use: no phone is offered it any more, and what phones still hold is waited for.

Central has a state for a form as a whole, none for a version: every published version is accepted as long as the form
is open or closing. So a new version needs no closing, phones take it by themselves; closed are forms that a round no
longer uses, and all of a round's forms when it ends. A phone tells Central nothing when it fetches a form, only when it
sends: it counts as having reported once it has sent anything since the form began to close. Whether it still holds
something it has not sent, nobody can know; that is why closing before everyone has reported takes an explicit word.
"""

from __future__ import annotations

from dataclasses import dataclass

from server.central.client import Central, part

EXTENDED = {"X-Extended-Metadata": "true"}


@dataclass(frozen=True)
class Closing:
    """A form on its way out: its state at Central now, and the app users that have sent nothing since it began."""

    form_id: str
    state: str
    waiting: tuple[str, ...]


def close(central: Central, form_id: str, *, at_once: bool = False) -> Closing:
    """Put a form to `closing`, and to `closed` once every phone that has it has reported, or `at_once`.

    Asked again it goes on from where it was. Raises `CentralError`.
    """
    project = f"projects/{central.project_id}"
    path, what = f"{project}/forms/{part(form_id)}", f"form {form_id}"
    form = central.get_json(path, what)
    if form["state"] == "closed":
        return Closing(form_id, "closed", ())
    if form["state"] == "open":
        form = central.send("PATCH", path, what, json={"state": "closing"})
    users = central.send("GET", f"{project}/app-users", "app users", headers=EXTENDED)
    holders = {one["id"] for one in central.get_json(f"{path}/assignments/app-user", what)}
    # Both times are Central's own, written alike.
    waiting = sorted(
        user["displayName"]
        for user in users
        if user["id"] in holders and (user["lastUsed"] or "") < (form["updatedAt"] or "")
    )
    if waiting and not at_once:
        return Closing(form_id, "closing", tuple(waiting))
    central.send("PATCH", path, what, json={"state": "closed"})
    return Closing(form_id, "closed", tuple(waiting))

"""Reading a form (XForm XML): identity, the fields its submissions have, and the files it needs."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from . import errors, xml
from .xml import Node, local

_MEDIA = re.compile(r"jr://(?:images|audio|video|file|file-csv)/([^/]+)")
_MEDIA_TYPES = {"image": "image", "audio": "audio", "video": "video", "big-image": "image"}
_SEARCH = re.compile(r"""^\s*(?:\w*\s+)?search\s*\(\s*(["'])(.+?)\1""")

Field = dict[str, Any]


@dataclass(frozen=True)
class EntityList:
    """One entity list that submissions of the form write to: where its node is, and which fields it takes."""

    name: str
    scope: str
    """Path of the group or repeat that holds `meta/entity`; "" is the submission itself."""
    properties: dict[str, str]
    """Property name by field path."""
    actions: tuple[str, ...]


@dataclass(frozen=True)
class XForm:
    form_id: str
    version: str
    name: str | None
    fields: list[Field]
    """In document order: path ("/group/name"), name, type, binary, selectMultiple."""
    attachments: list[tuple[str, str]]
    """(file name, type) of every file the form refers to."""
    entity_lists: list[EntityList]
    encrypted: bool
    """The form carries a public key: phones encrypt, and the server sees no answers."""
    hash: str
    sha: str
    sha256: str


def read_form(text: str) -> XForm:
    """Raises `Problem` 400.2 when there is no form id, which is how Central answers any XML that is no form."""
    root = xml.read(text)
    head = _path(root, "head")
    model = _path(head, "model")
    instance = _path(model, "instance")
    data = instance.children[0] if instance and instance.children else None
    form_id = data.attributes.get("id", "").strip() if data else ""
    if not form_id or root is None or model is None or data is None:
        raise errors.missing_parameter("formId")
    body = root.child("body") or Node("body", {})
    title = _path(head, "title")
    raw = text.encode()
    fields = _fields(data, model.all("bind"), body)
    return XForm(
        form_id=form_id,
        version=data.attributes.get("version", ""),
        name=title.text if title and title.text else None,
        fields=fields,
        attachments=_attachments(model, body),
        entity_lists=_entity_lists(data, fields),
        encrypted=any("base64RsaPublicKey" in node.attributes for node in model.all("submission")),
        hash=hashlib.md5(raw, usedforsecurity=False).hexdigest(),
        sha=hashlib.sha1(raw, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def _path(node: Node | None, name: str) -> Node | None:
    return node.child(name) if node else None


def _strip(path: str) -> str:
    return "/".join(local(part) for part in path.split("/"))


def _fields(data: Node, binds: list[Node], body: Node) -> list[Field]:
    types: dict[str, Node] = {}
    for bind in binds:
        nodeset = bind.attributes.get("nodeset", "")
        if "type" in bind.attributes:
            absolute = nodeset if nodeset.startswith("/") else f"/{data.name}/{nodeset}"
            types.setdefault(absolute, bind)
    repeats = {_strip(node.attributes.get("nodeset", "")) for node in body.walk() if local(node.name) == "repeat"}
    multiples = {
        _strip(node.attributes.get("nodeset") or node.attributes.get("ref", ""))
        for node in body.walk()
        if local(node.name) == "select"
    }
    fields: list[Field] = []

    def add(parent: Node, path: str) -> None:
        seen: set[str] = set()
        for node in parent.children:
            raw = f"{path}/{node.name}"
            bound = f"/{data.name}{raw}"
            stripped = _strip(raw)
            field: Field = {
                "path": stripped,
                "name": local(node.name),
                "type": "unknown",
                "binary": None,
                "selectMultiple": True if _strip(bound) in multiples else None,
            }
            if _strip(bound) in repeats:
                if stripped in seen:
                    continue  # the template and the first instance are one repeat
                seen.add(stripped)
                field["type"] = "repeat"
            elif bound in types:
                field["type"] = types[bound].attributes["type"] or "unknown"
                save_to = xml.attribute(types[bound], "saveto")
                if save_to:
                    field["saveto"] = save_to
            elif node.children or stripped.endswith("/meta/entity"):
                field["type"] = "structure"
            if field["type"] == "binary" or stripped == "/meta/audit":
                field["binary"] = True
            fields.append(field)
            if field["type"] in ("repeat", "structure"):
                add(node, raw)

    add(data, "")
    return fields


def _attachments(model: Node, body: Node) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for instance in model.all("instance"):
        match = _MEDIA.fullmatch(instance.attributes.get("src", "").strip())
        if match:
            found.append((match[1], "file"))
    for itext in model.all("itext"):
        for value in itext.walk():
            kind = _MEDIA_TYPES.get(value.attributes.get("form", ""))
            match = _MEDIA.fullmatch(value.text.strip())
            if local(value.name) == "value" and kind and match:
                found.append((match[1], kind))
    for node in (model.child("instance") or Node("", {})).walk():
        match = _MEDIA.fullmatch(node.text.strip())
        if match and "jr://images/" in node.text:
            found.append((match[1], "image"))
    for node in body.walk():
        search = _SEARCH.match(node.attributes.get("appearance", ""))
        if local(node.name) in ("select", "select1") and search:
            name = search[2]
            found.append((name if name.endswith(".csv") else f"{name}.csv", "file"))
    return list(dict.fromkeys(found))


def _entity_lists(data: Node, fields: list[Field]) -> list[EntityList]:
    lists: list[EntityList] = []
    repeats = [field["path"] for field in fields if field["type"] == "repeat"]

    def scope_of(path: str) -> str:
        """The innermost repeat a field is in: its values belong to that repeat's entity."""
        return max((repeat for repeat in repeats if path.startswith(repeat + "/")), key=len, default="")

    def visit(node: Node, path: str) -> None:
        meta = node.child("meta")
        entity = meta.child("entity") if meta else None
        if entity is not None and entity.attributes.get("dataset"):
            scope = scope_of(path + "/meta")
            saved = {
                field["path"]: field["saveto"]
                for field in fields
                if "saveto" in field and scope_of(field["path"]) == scope
            }
            actions = tuple(action for action in ("create", "update") if action in entity.attributes)
            lists.append(EntityList(entity.attributes["dataset"], path, saved, actions))
        for child in {local(child.name): child for child in node.children}.values():
            if local(child.name) != "meta":
                visit(child, f"{path}/{local(child.name)}")

    visit(data, "")
    return lists

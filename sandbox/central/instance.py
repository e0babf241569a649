"""Reading a submission, and rendering it as the row that Central's OData gives."""

from __future__ import annotations

import hashlib
import math
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote

import orjson

from . import errors, xml
from .xform import Field
from .xml import Node, local

Row = dict[str, Any]

_INTEGER = re.compile(r"\s*([+-]?\d+)")
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
_SHORT_OFFSET = re.compile(r"[+-]\d\d$")


@dataclass(slots=True)
class Schema:
    """The fields of one form version as a tree; the root is the submission itself."""

    name: str = ""
    path: str = ""
    type: str = "structure"
    binary: bool = False
    children: dict[str, Schema] = field(default_factory=dict)

    @property
    def structural(self) -> bool:
        return self.type in ("structure", "repeat")


def schema_of(fields: Iterable[Field]) -> Schema:
    nodes = {"": Schema()}
    for item in fields:
        node = Schema(item["name"], item["path"], item["type"], bool(item["binary"]))
        nodes[node.path] = node
        nodes[node.path.rpartition("/")[0]].children[node.name] = node
    return nodes[""]


@dataclass(frozen=True)
class Instance:
    form_id: str
    version: str
    instance_id: str
    deprecated_id: str | None
    instance_name: str | None
    root: Node
    encrypted_file: str | None = None
    """Set when the answers are encrypted: the name of the file that holds them."""


def read_instance(raw: bytes) -> Instance:
    """Raises `Problem` 400.2 when the root names no form. Without an id of its own the instance gets a new one."""
    root = xml.read(raw)
    form_id = root.attributes.get("id", "").strip() if root else ""
    if root is None or not form_id:
        raise errors.missing_parameter("form ID xml attribute")
    meta = root.child("meta")

    def text(name: str) -> str | None:
        node = meta.child(name) if meta else None
        return node.text if node and node.text else None

    bare = root.child("instanceID")
    return Instance(
        form_id=form_id,
        version=root.attributes.get("version", ""),
        instance_id=text("instanceID") or (bare.text if bare and bare.text else str(uuid.uuid4())),
        deprecated_id=text("deprecatedID"),
        instance_name=text("instanceName"),
        root=root,
        encrypted_file=_encrypted_file(root),
    )


def _encrypted_file(root: Node) -> str | None:
    key, file = root.child("base64EncryptedKey"), root.child("encryptedXmlFile")
    return file.text.strip() if key and file and key.text else None


@cache
def odata_name(name: str) -> str:
    """The name as OData allows it: letters, digits and underscores, not starting with a digit."""
    return re.sub(r"[^a-zA-Z0-9_]+", "_", re.sub(r"^([^a-zA-Z_])", r"_\1", name))


def file_names(instance: Instance, schema: Schema) -> list[str]:
    """The files that the submission says it has, each once, in document order."""
    if instance.encrypted_file is None:
        return _binary_names(instance.root, schema)
    media = [file.text.strip() for node in instance.root.all("media") for file in node.all("file")]
    return list(dict.fromkeys([*media, instance.encrypted_file]))


def _binary_names(root: Node, schema: Schema) -> list[str]:
    names: dict[str, None] = {}

    def visit(node: Node, known: Schema) -> None:
        for child in node.children:
            inner = known.children.get(local(child.name))
            if inner is None:
                continue
            if inner.binary and child.text.strip():
                names[child.text.strip()] = None
            visit(child, inner)

    visit(root, schema)
    return list(names)


def render(root: Node, schema: Schema, instance_id: str, *, expand: bool) -> tuple[Row, Row]:
    """(fields and `__id`, what follows `__system`: the root's repeats). Repeats nest in one another and in groups.

    A repeat's `__id` is a SHA-1 over the path of names and positions, so it stays the same for the same place.
    """
    head = _frame(schema)
    head["__id"] = instance_id
    tail: Row = {}
    link = f"Submissions('{_encode(instance_id)}')"
    _fill(root, schema, head, tail, [f"Submissions#{instance_id}"], [link], expand)
    return head, tail


def _fill(node: Node, schema: Schema, into: Row, repeats: Row, trail: list[str], link: list[str], expand: bool) -> None:
    """Write the node's answers into `into`, its repeats into `repeats` (the same dict except at the root)."""
    counts: dict[str, int] = {}
    _fill_scope(node, schema, into, repeats, trail, link, expand, counts)


def _fill_scope(
    node: Node,
    schema: Schema,
    into: Row,
    repeats: Row,
    trail: list[str],
    link: list[str],
    expand: bool,
    counts: dict[str, int],
) -> None:
    for child in node.children:
        known = schema.children.get(local(child.name))
        if known is None:
            continue
        name = odata_name(known.name)
        if known.type == "structure":
            inner = into[name]
            steps = [*trail, f"{known.name}#"]
            _fill_scope(child, known, inner, inner, steps, [*link, name], expand, counts)
        elif known.type == "repeat":
            position = counts.get(known.path, -1) + 1
            counts[known.path] = position
            repeats[f"{name}@odata.navigationLink"] = "/".join([*link, name])
            if not expand:
                continue
            steps = [*trail, f"{known.name}#{position}"]
            bag = _frame(known)
            bag["__id"] = _digest(steps)
            repeats.setdefault(name, []).append(bag)
            _fill(child, known, bag, bag, steps, [*link, f"{name}('{bag['__id']}')"], expand)
        elif child.text:
            into[name] = _value(known.type, child.text)


def _frame(schema: Schema) -> Row:
    """Every answer of this level as null, groups filled in, repeats left out."""
    return {
        odata_name(child.name): _frame(child) if child.type == "structure" else None
        for child in schema.children.values()
        if child.type != "repeat"
    }


def _digest(trail: list[str]) -> str:
    return hashlib.sha1("%%".join(trail).encode(), usedforsecurity=False).hexdigest()


def _encode(text: str) -> str:
    return quote(text, safe="-_.!~*'()")


def number(text: str) -> int | float | None:
    """As JavaScript reads and writes it: the leading number, whole ones without a decimal point."""
    match = _NUMBER.match(text)
    if not match:
        return None
    value = float(match[1])
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) <= 2**53 else value


def _value(kind: str, text: str) -> Any:
    if kind == "int":
        match = _INTEGER.match(text)
        return number(match[1]) if match else None
    if kind == "decimal":
        return number(text)
    if kind == "geopoint":
        return _point(text)
    if kind in ("geotrace", "geoshape"):
        return _line(kind, text)
    if kind == "dateTime":
        trimmed = text.strip()
        return f"{trimmed}:00" if _SHORT_OFFSET.search(trimmed) else trimmed
    return text


def _numbers(text: str) -> list[int | float | None]:
    parts = [number(part) for part in re.split(r"\s+", text)]
    return [*parts, *[None] * (4 - len(parts))]


def _point(text: str) -> Row | None:
    latitude, longitude, altitude, accuracy = _numbers(text)[:4]
    if latitude is None or longitude is None:
        return None
    coordinates = [longitude, latitude] + ([] if altitude is None else [altitude])
    point: Row = {"type": "Point", "coordinates": coordinates}
    if accuracy is not None:
        point["properties"] = {"accuracy": accuracy}
    return point


def _line(kind: str, text: str) -> Row:
    coordinates = []
    accuracies = []
    for part in re.split(r"; ?", text):
        latitude, longitude, altitude, accuracy = _numbers(part)[:4]
        if latitude is None or longitude is None:
            continue
        coordinates.append([longitude, latitude] + ([] if altitude is None else [altitude]))
        accuracies.append(accuracy or None)
    shape: Row = {"type": "LineString", "coordinates": coordinates}
    if kind == "geoshape":
        shape = {"type": "Polygon", "coordinates": [coordinates]}
    if any(accuracies):
        shape["properties"] = {"accuracies": accuracies}
    return shape


def rendered(root: Node, schema: Schema, instance_id: str) -> tuple[str, str]:
    """The expanded row as two pieces of JSON text; `__system` belongs between them.

    '{"a":1,"__id":"x"' and ',"member":[...]}' (or just '}'). Of encrypted answers there is the id alone.
    """
    if _encrypted_file(root) is not None:
        return orjson.dumps({"__id": instance_id}).decode()[:-1], "}"
    head, tail = render(root, schema, instance_id, expand=True)
    first = orjson.dumps(head).decode()[:-1]
    last = orjson.dumps(tail).decode()
    return first, "}" if not tail else f",{last[1:]}"

"""What changed from one version of a submission to the next, as Central's `/diffs` tells it.

A change is `{"old", "new", "path"}`; a missing side is left out. A path step into a repeat is `[name, index]`.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any

from . import xml
from .instance import Schema
from .xml import Node, local

Change = dict[str, Any]
_MISSING = object()


def changes(before: str, after: str, schema: Schema) -> list[Change]:
    old, new = xml.read(before), xml.read(after)
    assert old is not None
    assert new is not None
    return _objects(_tree(old, schema), _tree(new, schema), [])


def _tree(node: Node, schema: Schema | None) -> dict[str, Any]:
    """The node as plain values: text, groups as dicts, repeats as lists of dicts."""
    result: dict[str, Any] = {}
    for child in node.children:
        name = local(child.name)
        known = schema.children.get(name) if schema else None
        if known is not None and known.type == "repeat":
            result.setdefault(name, []).append(_tree(child, known))
        elif known is not None and known.type == "structure":
            result[name] = _tree(child, known)
        else:
            result[name] = child.text
    return result


def _objects(old: dict[str, Any], new: dict[str, Any], path: list[Any]) -> list[Change]:
    found: list[Change] = []
    for name in [*old, *(name for name in new if name not in old)]:
        first, second = old.get(name, _MISSING), new.get(name, _MISSING)
        if first == second:
            continue
        if isinstance(first, list) or isinstance(second, list):
            found += _lists(
                first if first is not _MISSING else [], second if second is not _MISSING else [], name, path
            )
        elif isinstance(first, dict) and isinstance(second, dict):
            found += _objects(first, second, [*path, name])
        else:
            found.append(_change(first, second, [*path, name]))
    return found


def _change(old: Any, new: Any, path: list[Any]) -> Change:
    change: Change = {}
    if old is not _MISSING:
        change["old"] = old
    if new is not _MISSING:
        change["new"] = new
    return {**change, "path": path}


def _lists(old: Any, new: Any, name: str, path: list[Any]) -> list[Change]:
    """Rows that match stay; where as many went as came they are compared in pairs, the rest are added or removed."""
    matcher = SequenceMatcher(None, [repr(row) for row in old], [repr(row) for row in new], autojunk=False)
    found: list[Change] = []
    for tag, first, last, start, stop in matcher.get_opcodes():
        if tag == "equal":
            continue
        paired = min(last - first, stop - start)
        for offset in range(paired):
            found += _objects(old[first + offset], new[start + offset], [*path, [name, start + offset]])
        for index in range(first + paired, last):
            found.append(_change(old[index], _MISSING, [*path, [name, index]]))
        for index in range(start + paired, stop):
            found.append(_change(_MISSING, new[index], [*path, [name, index]]))
    return found

"""YAML as people mean it: `yes` and `no` are words, and a key given twice is an error, not the last one's luck."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from poverty.expression import StandardError


class _Loader(yaml.SafeLoader):
    """SafeLoader with the truth values of YAML 1.2 (`true`, `false`): `yes`, `no`, `on`, `off` stay text."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern) for tag, pattern in resolvers if not (tag == "tag:yaml.org,2002:bool" and first not in "tTfF")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(path: Path) -> Any:
    """The content of a YAML file. Raises StandardError on a key given twice, naming its place."""
    loader = _Loader(path.read_text(encoding="utf-8"))
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_duplicates(node, path.name, "")
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _refuse_duplicates(node: yaml.Node, file: str, place: str) -> None:
    if isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            _refuse_duplicates(item, file, f"{place}[{i}]")
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            inner = f"{place}.{key.value}".lstrip(".")
            if key.value in seen:
                raise StandardError(f"{file}: {inner}: stands twice (line {key.start_mark.line + 1})")
            seen.add(str(key.value))
            _refuse_duplicates(value, file, inner)

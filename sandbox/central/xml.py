"""A forgiving reader for the XML of forms and submissions.

Central reads XML as a stream and takes what it got: a truncated submission is accepted. So does this: whatever was
read before the first error is the tree. Names keep their prefix; `local` drops it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat


@dataclass(slots=True)
class Node:
    name: str
    attributes: dict[str, str]
    children: list[Node] = field(default_factory=list)
    text: str = ""

    def child(self, local_name: str) -> Node | None:
        return next((node for node in self.children if local(node.name) == local_name), None)

    def all(self, local_name: str) -> list[Node]:
        return [node for node in self.children if local(node.name) == local_name]

    def walk(self) -> Iterator[Node]:
        yield self
        for node in self.children:
            yield from node.walk()


def local(name: str) -> str:
    return name.rpartition(":")[2]


def attribute(node: Node, local_name: str) -> str | None:
    return next((value for name, value in node.attributes.items() if local(name) == local_name), None)


def read(xml: str | bytes) -> Node | None:
    """The root of the document, or None when not even a root was there."""
    roots: list[Node] = []
    stack: list[Node] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        node = Node(name, attributes)
        (stack[-1].children if stack else roots).append(node)
        stack.append(node)

    def end(_name: str) -> None:
        stack.pop()

    def text(data: str) -> None:
        stack[-1].text += data

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(xml, False)
        parser.Parse(b"", True)
    except expat.ExpatError:
        pass  # keep what was read, as Central does
    return roots[0] if roots else None

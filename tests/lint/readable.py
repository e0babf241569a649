"""A linter of the project's own source: no query on personal data may dodge `readable(actor)`.

A table class marked `__personal__ = True` may be read only in a function that has a parameter `scope` or `actor` and
uses it: `scope.where(...)`, or hands it on to another call. Whatever names the class counts as reading it (select,
get, join, update, delete, an alias, its `__table__`), but for making a row (`Interview(...)`), `insert(Interview)`,
`isinstance` and annotations. Raw SQL (`text("... FROM interviews")`) counts too.

The service's own work on everyone's data is exempt where it says so: `@system_work("derive")`. It may not stand where
requests read (`queries.py`), nor be named where they are answered (`routes.py`, `*_routes.py`, `dependencies.py`), and
neither may `system_scope`, which sees everything.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

GUARDS = frozenset({"scope", "actor"})
#: Calls that name a class without reading its rows.
HARMLESS_CALLS = frozenset({"insert", "insert_or_skip", "isinstance", "issubclass"})
REQUEST_FILES = re.compile(r"(.*_)?routes\.py|dependencies\.py")
READING_FILES = re.compile(r"queries\.py")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Table:
    """A personal table: its class and its name in the database."""

    class_name: str
    table_name: str


@dataclass(frozen=True, order=True)
class Fault:
    """A place in the source where personal data may be read past `readable`."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


def personal_tables(sources: Iterable[tuple[str, str]]) -> list[Table]:
    """The classes marked `__personal__ = True` in (file, source) pairs."""
    found = []
    for _, source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                values = dict(_class_constants(node))
                if values.get("__personal__") is True:
                    found.append(Table(node.name, str(values.get("__tablename__", node.name))))
    return found


def system_functions(sources: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Names of the functions marked `@system_work(...)` in (file, source) pairs."""
    return frozenset(
        node.name
        for _, source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, Function) and _is_system_work(node)
    )


def faults(file: str, source: str, tables: list[Table], system_names: frozenset[str] = frozenset()) -> list[Fault]:
    """Every fault of one file; `system_names` are functions of the service's own work."""
    return sorted(set(_Checker(file, ast.parse(source), tables, system_names).check()))


def check_folder(folder: Path) -> list[Fault]:
    """Every fault of the sources below `folder`; the tables are those declared there."""
    sources = {path: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py"))}
    tables = personal_tables((str(path), text) for path, text in sources.items() if path.name == "tables.py")
    system_names = system_functions((str(path), text) for path, text in sources.items())
    return [
        fault
        for path, text in sources.items()
        if path.name != "tables.py" and "migrations" not in path.parts
        for fault in faults(path.relative_to(folder.parent).as_posix(), text, tables, system_names)
    ]


def _class_constants(node: ast.ClassDef) -> Iterator[tuple[str, object]]:
    for statement in node.body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        value = getattr(statement, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
                yield target.id, value.value


class _Checker:
    def __init__(self, file: str, tree: ast.Module, tables: list[Table], system_names: frozenset[str]) -> None:
        self.file = file
        self.system_names = system_names
        self.tree = tree
        self.classes = {table.class_name for table in tables}
        names = "|".join(re.escape(table.table_name) for table in tables)
        self.raw = re.compile(rf"\b(from|join|update|into)\s+[\"'`]?({names})\b", re.IGNORECASE) if tables else None
        self.parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        # Names under which the classes are known here: `from ... import Interview as I`, `Row = Interview`.
        self.aliases = {name: name for name in self.classes}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if alias.name in self.classes:
                        self.aliases[alias.asname or alias.name] = alias.name

    def check(self) -> Iterator[Fault]:
        for node in ast.walk(self.tree):
            what = self._reads(node)
            if what is not None and not self._is_guarded(node):
                yield self._fault(node, f"{what} is read without a scope or actor (see server/accounts/access.py)")
            name = self._sees_everything(node)
            if name is not None:
                yield self._fault(node, f"{name} works on everything: not where requests are answered")

    def _fault(self, node: ast.AST, what: str) -> Fault:
        return Fault(self.file, getattr(node, "lineno", 0), what)

    def _reads(self, node: ast.AST) -> str | None:
        """The personal table that this node reads, if it does."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and self.raw is not None:
            match = self.raw.search(node.value)
            return match[2] if match and not self._is_docstring(node) else None
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in self.aliases:
            name: str | None = self.aliases[node.id]
        elif isinstance(node, ast.Attribute) and node.attr in self.classes and isinstance(node.ctx, ast.Load):
            name = node.attr  # tables.Interview
        else:
            name = None
        return None if name is None or self._is_harmless(node) else name

    def _is_harmless(self, node: ast.AST) -> bool:
        parent = self.parents.get(node)
        if isinstance(parent, ast.Call):
            if parent.func is node:
                return True  # makes a row
            called = parent.func
            called_name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            return called_name in HARMLESS_CALLS
        return self._is_annotation(node)

    def _is_annotation(self, node: ast.AST) -> bool:
        child, parent = node, self.parents.get(node)
        while parent is not None and not isinstance(parent, ast.stmt):
            if isinstance(parent, ast.arg) and parent.annotation is child:
                return True
            child, parent = parent, self.parents.get(parent)
        if isinstance(parent, ast.AnnAssign):
            return parent.annotation is child
        return isinstance(parent, Function) and parent.returns is child

    def _is_docstring(self, node: ast.AST) -> bool:
        return isinstance(self.parents.get(node), ast.Expr)

    def _is_guarded(self, node: ast.AST) -> bool:
        """Whether a function around the node takes a guard and uses it; an inner function may use the outer's."""
        around: ast.AST | None = node
        while around is not None:
            if isinstance(around, Function) and (
                _is_system_work(around) or any(_uses(around, name) for name in _guards(around))
            ):
                return True
            around = self.parents.get(around)
        return False

    def _sees_everything(self, node: ast.AST) -> str | None:
        """The name of system work that this node uses, where it may not be used."""
        file = Path(self.file).name
        if isinstance(node, ast.Name):
            name = node.id
        elif isinstance(node, ast.Attribute):
            name = node.attr
        else:
            return None
        if READING_FILES.fullmatch(file):
            return name if name in {"system_scope", "system_work"} else None
        if not REQUEST_FILES.fullmatch(file):
            return None
        return name if name in {"system_scope", "system_work", *self.system_names} else None


def _is_system_work(function: Function) -> bool:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and decorator.args:
            called = decorator.func
            name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            if name == "system_work":
                return True
    return False


def _guards(function: Function) -> set[str]:
    arguments = function.args
    return {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)} & GUARDS


def _uses(function: Function, name: str) -> bool:
    """Whether the guard decides something: `scope.where(...)`, or it is an argument of a call."""
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if (
            isinstance(called, ast.Attribute)
            and called.attr == "where"
            and isinstance(called.value, ast.Name)
            and called.value.id == name
        ):
            return True
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if any(isinstance(one, ast.Name) and one.id == name for one in given):
            return True
    return False

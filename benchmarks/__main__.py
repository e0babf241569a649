"""`python -m benchmarks NAME [--size N] [--json]`: run the benchmark in `benchmarks/NAME.py` and print its figures.

`python -m benchmarks --all --write docs/benchmarks.md` runs every one, each in a process of its own and at a size that
takes a minute or so, and writes the page: what each module says of itself, and what was measured.

A benchmark is a module with `DEFAULT_SIZE: int` and `run(size: int) -> dict[str, Any]`, which returns
`name, size, seconds, peak_mb, figures, yardstick {name, seconds, ...}, ratio`; ratio > 1 means ahead of the yardstick.
Where the default size takes long, `PAGE_SIZE: int` is the one for the page.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent
_HEAD = """# Benchmarks

Each part beside a yardstick that ran on the same machine in the same minute. Read the **ratios**: above 1 the part is
ahead of its yardstick (`sync`: the share of the raw stream that is stored). Seconds and megabytes are this machine's:
{machine}, {date}.

Written by `python -m benchmarks --all --write docs/benchmarks.md`; one of them alone: `python -m benchmarks NAME`.
"""


def main(arguments: list[str] | None = None) -> int:
    names = sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]) if not m.name.startswith("_"))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure a part against its yardstick.")
    parser.add_argument("name", nargs="?", choices=names, metavar="NAME", help=f"one of: {', '.join(names)}")
    parser.add_argument("--size", type=int, help="how many (households, points...); the benchmark's own by default")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--all", action="store_true", help="run every benchmark")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="with --all: write the page (Markdown)")
    chosen = parser.parse_args(arguments)
    if chosen.size is not None and chosen.size < 1:
        parser.error("--size: at least 1")
    if chosen.all:
        if chosen.name or chosen.size or not chosen.write:
            parser.error("--all goes with --write PAGE, without a name or a size")
        chosen.write.write_text(page([_run_apart(name) for name in names]), encoding="utf-8")
        return 0
    if not chosen.name:
        parser.error("name a benchmark, or --all --write PAGE")
    module = importlib.import_module(f"benchmarks.{chosen.name}")
    result = module.run(chosen.size if chosen.size is not None else module.DEFAULT_SIZE)
    print(json.dumps(result) if chosen.json else _text(result))
    return 0


def page(results: list[dict[str, Any]]) -> str:
    """The page of the benchmarks: a table of all, and a section for each with the module's own words."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    parts = [_HEAD.format(machine=machine, date=datetime.now(UTC).date().isoformat())]
    table = [
        "| benchmark | size | seconds | peak MB | yardstick | its seconds | ratio |",
        "|---|--:|--:|--:|---|--:|--:|",
    ]
    for of in results:
        yardstick = of["yardstick"]
        table.append(
            f"| [{of['name']}](#{of['name']}) | {of['size']:,} | {_figure(of['seconds'])} | {of['peak_mb']:,.0f} "
            f"| {yardstick['name']} | {_figure(yardstick['seconds'])} | {of['ratio']:.2f} |"
        )
    parts.append("\n".join(table) + "\n")
    for of in results:
        said = (importlib.import_module(f"benchmarks.{of['name']}").__doc__ or "").strip()
        figures = "\n".join(f"| {name} | {_figure(value)} |" for name, value in of["figures"].items())
        parts.append(f"## {of['name']}\n\n{said}\n\n| figure | |\n|---|--:|\n{figures}\n")
    return "\n".join(parts)


def _figure(value: Any) -> str:
    """A figure to read: fractions to four digits, what counts things or takes long without a fraction."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _run_apart(name: str) -> dict[str, Any]:
    """Run a benchmark in a process of its own: what one left in memory is not the next one's peak."""
    module = importlib.import_module(f"benchmarks.{name}")
    size = getattr(module, "PAGE_SIZE", module.DEFAULT_SIZE)
    command = [sys.executable, "-m", "benchmarks", name, "--size", str(size), "--json"]
    print(f"{name}, size {size:,} ...", file=sys.stderr)
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, cwd=_ROOT)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _text(result: dict[str, Any]) -> str:
    yardstick = result["yardstick"]
    lines = [
        f"{result['name']}, size {result['size']:,}",
        f"  {result['seconds']:.2f} s, peak {result['peak_mb']:,.0f} MB",
        *(f"  {name}: {value}" for name, value in result["figures"].items()),
        f"  yardstick: {yardstick['name']}, {yardstick['seconds']:.2f} s",
        f"  ratio: {result['ratio']:.1f}",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

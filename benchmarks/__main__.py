"""`python -m benchmarks NAME [--size N] [--json]`: run the benchmark in `benchmarks/NAME.py` and print its figures.

A benchmark is a module with `DEFAULT_SIZE: int` and `run(size: int) -> dict[str, Any]`, which returns
`name, size, seconds, peak_mb, figures, yardstick {name, seconds, ...}, ratio`; ratio > 1 means ahead of the yardstick.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from pathlib import Path
from typing import Any


def main(arguments: list[str] | None = None) -> int:
    names = sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]) if not m.name.startswith("_"))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure a part against its yardstick.")
    parser.add_argument("name", choices=names, metavar="NAME", help=f"one of: {', '.join(names)}")
    parser.add_argument("--size", type=int, help="how many (households, points...); the benchmark's own by default")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    chosen = parser.parse_args(arguments)
    if chosen.size is not None and chosen.size < 1:
        parser.error("--size: at least 1")
    module = importlib.import_module(f"benchmarks.{chosen.name}")
    result = module.run(chosen.size if chosen.size is not None else module.DEFAULT_SIZE)
    print(json.dumps(result) if chosen.json else _text(result))
    return 0


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

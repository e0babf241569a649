"""`rasoat demo` as its user runs it: a process of its own, its answer as JSON, its exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def rasoat(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from server.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=900)


def demo(folder: Path, *arguments: str) -> dict[str, Any]:
    done = rasoat("demo", "--once", "--json", "--data-dir", str(folder), *arguments)
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


@pytest.mark.slow
def test_two_thousand_households_through_phones_are_what_was_generated(tmp_path: Path) -> None:
    summary = demo(tmp_path / "demo", "--households", "2000")
    assert summary["by_phone"]
    assert summary["submitted"] == summary["pulled"] == 2000
    assert summary["as_drawn"] == sum(summary["classified"].values()) == 2000
    assert summary["located"] == summary["with_gps"] > 1800
    assert summary["communes"] == 104
    assert set(summary["classified"]) == {"poor", "near_poor", "not_poor", "undetermined"}


@pytest.mark.slow
def test_a_run_too_large_for_phones_is_written_directly_and_holds_too(tmp_path: Path) -> None:
    summary = demo(tmp_path / "demo", "--households", "2400", "--scope", "full", "--seed", "3")
    assert not summary["by_phone"]
    assert summary["submitted"] == summary["pulled"] == summary["as_drawn"] == 2400
    assert summary["located"] == summary["with_gps"] > 0


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "report.txt"
    kept.write_text("mine")
    done = rasoat("demo", "--once", "--households", "1", "--data-dir", str(tmp_path))
    assert done.returncode == 1
    assert "--data-dir" in done.stderr
    assert "Traceback" not in done.stderr
    assert kept.read_text() == "mine"


@pytest.mark.parametrize("content", [None, b"not a layer"])
def test_boundaries_that_cannot_be_read_are_said(tmp_path: Path, content: bytes | None) -> None:
    layer = tmp_path / "layer.gpkg"
    if content is not None:
        layer.write_bytes(content)
    done = rasoat(
        "demo", "--once", "--households", "1", "--data-dir", str(tmp_path / "demo"), "--boundaries", str(layer)
    )
    assert done.returncode == 1
    assert "layer.gpkg" in done.stderr
    assert "Traceback" not in done.stderr

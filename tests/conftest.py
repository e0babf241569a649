"""What all tests share. With `CI=true` a test that would skip for a missing part fails instead."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

# How long an example takes says something about the machine, not about the code.
settings.register_profile("rasoat", deadline=None, print_blob=True)
settings.load_profile("rasoat")

IN_CI = os.environ.get("CI", "").lower() == "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: begun last, they would keep one worker while the other has nothing left."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # A real Central is given by hand only (RASOAT_CENTRAL_URL): its absence is no missing part of the machine.
    if IN_CI and report.skipped and item.get_closest_marker("real_central") is None:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: skipped, but CI=true requires every part: {report.longrepr}"
    return report

"""The benchmark of the pull: everything the paced server streams is stored, and every figure is there."""

from __future__ import annotations

import pytest

from benchmarks import sync


def test_it_stores_what_the_paced_server_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RASOAT_TEST_POSTGRES_URL", raising=False)
    result = sync.run(150)
    figures = result["figures"]
    assert (result["name"], result["size"]) == ("sync", 150)
    assert result["ratio"] == figures["share_sqlite"] > 0
    assert result["peak_mb"] == figures["peak_mb_sqlite"] > 0
    assert figures["stored_per_second_sqlite"] > 0
    assert figures["unpaced_per_second_sqlite"] > 0
    assert figures["cpu_ms_per_submission_sqlite"] > 0
    assert figures["pyodk_rows"] == 150
    assert "6,800" in result["yardstick"]["name"]
    assert result["yardstick"]["seconds"] > 0

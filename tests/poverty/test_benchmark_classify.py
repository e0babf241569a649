"""The benchmark of classification: its figures have the agreed shape, and its yardstick agrees with the result."""

from __future__ import annotations

import json

import pytest

from benchmarks.__main__ import main


def test_json_holds_the_agreed_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "--size", "300", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) == {"name", "size", "seconds", "peak_mb", "figures", "yardstick", "ratio"}
    assert (result["name"], result["size"]) == ("classify", 300)
    assert 0 < result["figures"]["undetermined"] < 300
    assert result["ratio"] == pytest.approx(result["yardstick"]["seconds"] / result["seconds"], rel=0.05)


def test_text_names_the_yardstick(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "--size", "50"]) == 0
    assert "yardstick: plain Python by hand" in capsys.readouterr().out


def test_an_unknown_name_or_size_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["clasify"], ["classify", "--size", "0"]):
        with pytest.raises(SystemExit) as refusal:
            main(arguments)
        assert refusal.value.code == 2
    assert "classify" in capsys.readouterr().err

"""What is installed, and what the wheel holds."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("forms", "poverty", "reconciliation", "geo", "server", "sandbox")


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_provides_a_package_of_ours(package: str) -> None:
    assert set(packages_distributions().get(package, ["rasoat"])) == {"rasoat"}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_names_packages_versions_and_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*(-i|--index-url|--extra-index-url|--find-links|-f)\b", text, re.MULTILINE)
    pinned = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==\S+", text, re.MULTILINE)
    assert len(pinned) > 50
    assert text.count("--hash=sha256:") >= len(pinned)


def test_the_lock_of_npm_names_no_address() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()


@pytest.mark.slow
def test_the_wheel_holds_the_six_packages_and_their_data(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == set(PACKAGES)
    for needed in (
        "poverty/standards/nd07-2021.yaml",
        "forms/sources/household.md",
        "geo/data/units.csv",
        "server/static/vendor/maplibre/maplibre-gl.mjs",
        "server/static/vendor/maplibre/LICENSE.txt",
        "server/static/vendor/fonts/LICENSE",
    ):
        assert needed in names
    assert not [name for name in names if name.endswith((".gpkg", ".sqlite", ".pyc"))]
    assert any(name.endswith("/LC_MESSAGES/messages.mo") for name in names)

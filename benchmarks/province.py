"""The whole loop: submissions written directly, received by the stand-in Central, pulled, classified, located, linked.

Yardstick: the field stage of the same run (writing and receiving the submissions), which no product code takes part in.
The ratio says how many times faster the service takes in the province than the stand-in receives it.
"""

from __future__ import annotations

import resource
import tempfile
from pathlib import Path
from typing import Any

DEFAULT_SIZE = 5_000


def run(size: int = DEFAULT_SIZE) -> dict[str, Any]:
    """Run the loop once over `size` interviewed households (more than 2,000: no phones)."""
    from server.cli.demo import BY_PHONE_UP_TO, DemoOptions, demo_province

    if size <= BY_PHONE_UP_TO:
        raise SystemExit(f"province: --size must be more than {BY_PHONE_UP_TO}, so that no phone takes part")
    with tempfile.TemporaryDirectory() as folder:
        options = DemoOptions(size, data_dir=Path(folder) / "demo")
        with demo_province(options, lambda _stage, _done, _total: None) as running:
            summary = running.summary
    taken = summary.seconds
    service = taken["sync"] + taken["reconcile"]
    return {
        "name": "province",
        "size": size,
        "seconds": service,
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "figures": {
            "households_per_second": round(size / service),
            "as_drawn": summary.as_drawn,
            "located_of_gps": round(summary.located / summary.with_gps, 6),
            "linked": summary.linked,
            **{f"seconds_{stage}": seconds for stage, seconds in taken.items()},
        },
        "yardstick": {"name": "stand-in Central receiving the same submissions", "seconds": taken["field"]},
        "ratio": round(taken["field"] / service, 2),
    }

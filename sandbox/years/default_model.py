"""`python -m sandbox.years.default_model`: train the model that ships with the linkage, on invented households.

The same command writes the same file. Run it again when the comparisons change; a campaign trains its own model on its
own data as soon as it has some thousand households.
"""

from __future__ import annotations

import sys
from pathlib import Path

import reconciliation.linkage
from reconciliation.linkage import train
from sandbox.years import Errors, begin, evolve, observe

#: Of no test and no benchmark.
SEED = 77_001
HOUSEHOLDS = 30_000
#: On the phones the code is answered for most households; the rest is as hard as the hard cases.
ERRORS = Errors(code_answered=0.85)


def main() -> int:
    """Train and write; takes some minutes on one core."""
    before = begin(HOUSEHOLDS, seed=SEED)
    listed = observe(before, "list", SEED + 1, ERRORS)
    asked = observe(evolve(before, SEED + 2), "census", SEED + 3, ERRORS, listed)
    model = train(listed.side, asked.side, seed=SEED)
    path = Path(reconciliation.linkage.__file__).with_name("default_model.json")
    model.save(path)
    sys.stdout.write(f"{path.name}: {len(model.names):,} names, fingerprint {model.fingerprint[:12]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Closed answers of many rows, kept as small integers until they become text."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from sandbox.population.vocabulary import Bools, Codes, Ints, text

Rows = npt.NDArray[np.bool_] | npt.NDArray[np.int64]


class Sheet:
    """One column of codes per question; -1 is an answer that is missing or was not asked."""

    def __init__(self, questions: Mapping[str, tuple[str, ...]], rows: int) -> None:
        self._words = dict(questions)
        self._codes: dict[str, Codes] = {name: np.full(rows, -1, dtype=np.int8) for name in questions}

    def put(self, question: str, rows: Rows, word: str) -> None:
        """Write one answer into `rows` (mask or positions)."""
        self._codes[question][rows] = self._words[question].index(word)

    def clear(self, question: str, rows: Rows) -> None:
        """Leave the question unanswered in `rows`."""
        self._codes[question][rows] = -1

    def draw(self, question: str, rows: Rows, weights: Mapping[str, float], rng: np.random.Generator) -> None:
        """Write an answer drawn by `weights` into each of `rows`."""
        codes = np.array([self._words[question].index(word) for word in weights], dtype=np.int8)
        share = np.array(list(weights.values()), dtype=float)
        size = int(np.count_nonzero(rows)) if rows.dtype == np.bool_ else len(rows)
        self._codes[question][rows] = codes[rng.choice(len(codes), size=size, p=share / share.sum())]

    def blur(self, question: str, rows: Ints, rng: np.random.Generator, missing: float = 0.25) -> None:
        """Make the answer unknown in `rows`: `dk`, or with probability `missing` not given at all."""
        unanswered = rng.random(len(rows)) < missing
        self.put(question, rows[~unanswered], "dk")
        self.clear(question, rows[unanswered])

    def is_in(self, question: str, *words: str) -> Bools:
        """Rows whose answer is one of `words`."""
        return np.isin(self._codes[question], [self._words[question].index(word) for word in words])

    def columns(self) -> dict[str, pd.api.extensions.ExtensionArray]:
        """Every question as pandas text."""
        return {name: text(self._words[name], codes) for name, codes in self._codes.items()}

"""Times a large results table: read, mapped and settled, one row for each entity. Prints one line a file kind."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from critmass.network.mapped import map_table
from critmass.studies.entities import load_map, read_book, settle_table

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
ROWS = 200_000


def large_table() -> pd.DataFrame:
    """Rows of the example's columns, cells as people write them."""
    draw = np.random.default_rng(1)
    eligible = draw.integers(10, 300, ROWS)
    dollars = draw.integers(10**6, 10**8, (2, ROWS))
    return pd.DataFrame(
        {
            "Practice": [f"P{number}" for number in range(ROWS)],
            "Members": [f"{count:,}" for count in draw.integers(100, 9000, ROWS)],
            "Member Months": [f"{count:,}" for count in draw.integers(1000, 90_000, ROWS)],
            "BCS eligible": eligible,
            "BCS done": (eligible * draw.random(ROWS)).astype(int),
            "Target spend": [f"${usd:,}" for usd in dollars[0]],
            "Actual spend": [f"${usd:,}" for usd in dollars[1]],
        }
    )


def main() -> None:
    """Write the table in two kinds of file and time both."""
    frame, book = large_table(), read_book([EXAMPLES / "ridge_2026.yaml"])
    results_map = load_map(EXAMPLES / "ridge_map.yaml")
    with tempfile.TemporaryDirectory() as folder:
        for name, write in (("r.csv", frame.to_csv), ("r.parquet", frame.to_parquet)):
            path = Path(folder) / name
            write(path, index=False)
            start = time.perf_counter()
            table = map_table(path, results_map, "map")
            mapped = time.perf_counter()
            settle_table(book, table).frame()
            settled = time.perf_counter()
            sys.stdout.write(f"{ROWS:,} rows, {name}: map {mapped - start:.2f} s, settle {settled - mapped:.2f} s\n")


if __name__ == "__main__":
    main()

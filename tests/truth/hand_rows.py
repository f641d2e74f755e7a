"""ACOs that nobody ever was: results in the published columns, and what the law of their year pays, worked by hand.

Every benchmark is 100 million dollars, so that a savings rate of 5 % is 5 million.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

BENCHMARK = 100_000_000
FLAGS = {"1": "Current_Track_1", "2": "Current_Track_2", "3": "Current_Track_3", "1+": "Current_Track_1_Plus"}
LAST_YEAR_OF_FLAGS = 2018
"""Until then tracks are columns of 0 and 1, and scores fractions; later one column names the track."""


@dataclass(frozen=True)
class Aco:
    """One row: its track, savings in USD, what it must be paid, and what is not as usual."""

    claim: str
    year: int
    track: str
    savings: float
    paid: float
    quality: str = "1"
    cells: dict[str, str] = field(default_factory=dict)

    def row(self) -> dict[str, str]:
        """The row in the published columns of its year."""
        usual = {
            "N_AB": "10000", "ABtotBnchmk": str(BENCHMARK), "BnchmkMinExp": str(self.savings), "MinSavPerc": "0.02",
            "DisAdj": "", "Met_QPS": "1", "QualScore": self.quality, "EarnSaveLoss": str(self.paid),
        }  # fmt: skip
        return {**self._track(), **usual, **self.cells}

    def _track(self) -> dict[str, str]:
        if self.year > LAST_YEAR_OF_FLAGS:
            return {"ACO_ID": self.claim, "Current_Track": self.track}
        return {"ACO_Num": self.claim, **{column: str(int(track == self.track)) for track, column in FLAGS.items()}}


def write_results(path: Path, acos: list[Aco]) -> None:
    """The rows as a results file; a column that a row does not fill stays blank."""
    rows = [aco.row() for aco in acos]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


NOT_MET = {"Met_QPS": "0"}
ALTERNATIVE = {"Met_QPS": "0", "Met_AltQPS": "1"}
NEITHER = {"Met_QPS": "0", "Met_AltQPS": "0"}
LOW_REVENUE = {"Met_AltQPS": "-", "Rev_Exp_Cat": "Low Revenue", "Current_Start_Date": "2024-01-01"}

ONE_SIDED_2017 = [
    # 3,000,000 x 50 % x 98 %
    Aco("at the MSR from the first dollar", 2017, "1", 3_000_000, 1_470_000, cells={"MinSavPerc": "0.03"}),
    Aco("a dollar below the MSR nothing", 2017, "1", 2_999_999, 0, cells={"MinSavPerc": "0.03"}),
    # 5,000,000 x 50 % x 0.9 x 98 %
    Aco("quality scales", 2017, "1", 5_000_000, 2_205_000, "0.9"),
    Aco("quality not met earns nothing", 2017, "1", 5_000_000, 0, "0.9", NOT_MET),
    Aco("pay for reporting is the maximum", 2017, "1", 5_000_000, 2_450_000, "P4R"),
    Aco("no score in the first year is the maximum", 2017, "1", 5_000_000, 2_450_000, ""),
    # 20,200,000 x 50 % = 10,100,000; x 98 % = 9,898,000 is below the cap of 10,000,000. The cap first would give
    # 10,000,000 x 98 % = 9,800,000.
    Aco("sequester before cap, below the cap", 2017, "1", 20_200_000, 9_898_000),
    # 30,000,000 x 50 % x 98 % = 14,700,000 above the cap; the cap first would give 9,800,000.
    Aco("sequester before cap, at the cap", 2017, "1", 30_000_000, 10_000_000),
    Aco("one-sided owes nothing", 2017, "1", -20_000_000, 0),
]

TWO_SIDED_2017 = [
    # 5,000,000 x 60 % x 0.8 x 98 %
    Aco("Track 2 earns 60 %", 2017, "2", 5_000_000, 2_352_000, "0.8"),
    # 40,000,000 x 60 % x 98 % = 23,520,000
    Aco("Track 2 cap 15 %", 2017, "2", 40_000_000, 15_000_000),
    # 1 - 60 % x 0.8 = 52 %
    Aco("Track 2 loss rate in between", 2017, "2", -5_000_000, -2_600_000, "0.8"),
    # 1 - 60 % x 0.5 = 70 %
    Aco("Track 2 loss rate at most 60 %", 2017, "2", -5_000_000, -3_000_000, "0.5"),
    Aco("Track 2 loss rate without the standard", 2017, "2", -5_000_000, -3_000_000, "0.9", NOT_MET),
    # 20,000,000 x 60 % = 12,000,000
    Aco("Track 2 ceiling 10 %", 2017, "2", -20_000_000, -10_000_000, "0.5"),
    # 5,000,000 x 75 % x 0.8 x 98 %
    Aco("Track 3 earns 75 %", 2017, "3", 5_000_000, 2_940_000, "0.8"),
    # 40,000,000 x 75 % x 98 % = 29,400,000
    Aco("Track 3 cap 20 %", 2017, "3", 40_000_000, 20_000_000),
    # 1 - 75 % = 25 %
    Aco("Track 3 loss rate at least 40 %", 2017, "3", -5_000_000, -2_000_000),
    # 1 - 75 % x 0.6 = 55 %
    Aco("Track 3 loss rate in between", 2017, "3", -5_000_000, -2_750_000, "0.6"),
    # 1 - 75 % x 0.2 = 85 %
    Aco("Track 3 loss rate at most 75 %", 2017, "3", -5_000_000, -3_750_000, "0.2"),
    Aco("Track 3 loss rate without the standard", 2017, "3", -5_000_000, -3_750_000, "0.9", NOT_MET),
    # 30,000,000 x 75 % = 22,500,000
    Aco("Track 3 ceiling 15 %", 2017, "3", -30_000_000, -15_000_000, "0.2"),
    Aco("losses above the minimum rate owe nothing", 2017, "3", -1_999_999, 0),
    Aco("losses at the minimum rate from the first dollar", 2017, "3", -2_000_000, -800_000),
    # 2,000,000 owed, 300,000 taken off
    Aco("disaster relief", 2017, "3", -5_000_000, -1_700_000, cells={"DisAdj": "-300000"}),
]

TRACK_1_PLUS = [
    Aco("Track 1+ earns 50 %", 2018, "1+", 5_000_000, 2_205_000, "0.9"),
    Aco("Track 1+ cap 10 %", 2018, "1+", 30_000_000, 10_000_000),
    Aco("Track 1+ loses 30 % whatever the quality", 2018, "1+", -5_000_000, -1_500_000, "0.2"),
    # 20,000,000 x 30 % = 6,000,000
    Aco("Track 1+ ceiling 4 %", 2018, "1+", -20_000_000, -4_000_000),
    Aco("Track 1+ disaster relief", 2018, "1+", -5_000_000, -1_400_000, cells={"DisAdj": "-100000"}),
]

SCALED_2020 = [
    # 5,000,000 x 40 % x 0.9 x 98 %
    Aco("BASIC A earns 40 %", 2020, "A", 5_000_000, 1_764_000, "90.00%"),
    Aco("BASIC B earns 40 %", 2020, "B", 5_000_000, 1_764_000, "90.00%"),
    Aco("BASIC C earns 50 %", 2020, "C", 5_000_000, 2_205_000, "90.00%"),
    Aco("BASIC E earns 50 %", 2020, "E", 5_000_000, 2_205_000, "90.00%"),
    # 5,000,000 x 75 % x 0.9 x 98 %
    Aco("ENHANCED earns 75 %", 2020, "EN", 5_000_000, 3_307_500, "90.00%"),
    Aco("BASIC A owes nothing", 2020, "A", -20_000_000, 0),
    Aco("BASIC B owes nothing", 2020, "B", -20_000_000, 0),
    # 30 %: 900,000 and 1,500,000
    Aco("BASIC C loses 30 %", 2020, "C", -3_000_000, -900_000, "20.00%"),
    Aco("BASIC C ceiling 1 %", 2020, "C", -5_000_000, -1_000_000),
    # 3,000,000
    Aco("BASIC D ceiling 2 %", 2020, "D", -10_000_000, -2_000_000),
    # 6,000,000
    Aco("BASIC E ceiling 4 %", 2020, "E", -20_000_000, -4_000_000),
    Aco("BASIC E loses 30 %", 2020, "E", -5_000_000, -1_500_000, "20.00%"),
    Aco("Track 1+ is still there", 2020, "1+", -20_000_000, -4_000_000),
]

ALL_OR_NOTHING = [
    Aco(f"{text} {year}", year, track, 5_000_000, paid, "60.00%", cells)
    for year in (2021, 2022)
    for text, track, paid, cells in (
        # 5,000,000 x 50 % x 98 %, and x 75 % x 98 %
        ("the whole rate where the standard is met", "E", 2_450_000.0, {}),
        ("nothing where it is not", "E", 0.0, NOT_MET),
        ("ENHANCED, the whole rate", "EN", 3_675_000.0, {}),
        ("ENHANCED, nothing", "EN", 0.0, NOT_MET),
    )
] + [
    # 1 - 75 % x 0.6 = 55 %
    Aco("ENHANCED losses still scale", 2022, "EN", -5_000_000, -2_750_000, "60.00%"),
    Aco("ENHANCED losses at least 40 %", 2022, "EN", -5_000_000, -2_000_000, "100.00%"),
    # The order of sequester and cap, and the first dollar at the MSR, as in 2017.
    Aco("sequester before cap 2022", 2022, "E", 20_200_000, 9_898_000, "60.00%"),
    Aco("at the MSR from the first dollar 2022", 2022, "A", 3_000_000, 1_176_000, cells={"MinSavPerc": "3.00%"}),
    Aco("a dollar below the MSR nothing 2022", 2022, "A", 2_999_999, 0, cells={"MinSavPerc": "3.00%"}),
    Aco("losses above the minimum rate owe nothing 2022", 2022, "E", -1_999_999, 0),
    Aco("BASIC D ceiling 2 % 2022", 2022, "D", -10_000_000, -2_000_000),
    Aco("BASIC B owes nothing 2022", 2022, "B", -10_000_000, 0),
    Aco("disaster relief 2022", 2022, "E", -5_000_000, -1_400_000, cells={"DisAdj": "-100000"}),
]

ALTERNATIVE_2023 = [
    Aco("met, whatever the score", 2023, "E", 5_000_000, 2_450_000, "60.00%", {"Met_AltQPS": "-"}),
    Aco("met and the alternative too, once", 2023, "E", 5_000_000, 2_450_000, "60.00%", {"Met_AltQPS": "1"}),
    # 5,000,000 x 50 % x 0.6 x 98 %
    Aco("alternative standard scales", 2023, "E", 5_000_000, 1_470_000, "60.00%", ALTERNATIVE),
    Aco("neither earns nothing", 2023, "E", 5_000_000, 0, "60.00%", NEITHER),
    # 5,000,000 x 40 % x 0.6 x 98 %
    Aco("alternative standard in BASIC A", 2023, "A", 5_000_000, 1_176_000, "60.00%", ALTERNATIVE),
    # 33,000,000 x 50 % x 0.62 = 10,230,000; x 98 % = 10,025,400 above the cap
    Aco("alternative standard is capped", 2023, "E", 33_000_000, 10_000_000, "62.00%", ALTERNATIVE),
    Aco("ENHANCED losses, alternative", 2023, "EN", -5_000_000, -2_750_000, "60.00%", ALTERNATIVE),
    Aco("ENHANCED losses, neither", 2023, "EN", -5_000_000, -3_750_000, "60.00%", NEITHER),
]

HALF_RATE_2024 = [
    # 1,000,000 x 25 % x 98 %
    Aco("low revenue below the MSR", 2024, "E", 1_000_000, 245_000, cells=LOW_REVENUE),
    # 2,000,000 x 50 % x 98 %
    Aco("low revenue at the MSR", 2024, "E", 2_000_000, 980_000, cells=LOW_REVENUE),
    Aco("high revenue", 2024, "E", 1_000_000, 0, cells={**LOW_REVENUE, "Rev_Exp_Cat": "High Revenue"}),
    Aco("agreement before 2024", 2024, "E", 1_000_000, 0, cells={**LOW_REVENUE, "Current_Start_Date": "2022-01-01"}),
    Aco("fewer than 5,000 members", 2024, "E", 1_000_000, 0, cells={**LOW_REVENUE, "N_AB": "4999"}),
    # 1,000,000 x 20 % x 0.6 x 98 %
    Aco("half rate, alternative", 2024, "A", 1_000_000, 117_600, "60.00%", {**LOW_REVENUE, **ALTERNATIVE}),
]

SAME_EVERY_YEAR = [
    Aco(f"Track {track} in {year}", year, track, 5_000_000, paid, "0.9")
    for year in (2013, 2014, 2015, 2016, 2019)
    # 5,000,000 x 50 % x 0.9 x 98 %, and x 60 % x 0.9 x 98 %
    for track, paid in (("1", 2_205_000.0), ("2", 2_646_000.0))
]

ACOS = [
    *ONE_SIDED_2017, *TWO_SIDED_2017, *TRACK_1_PLUS, *SCALED_2020, *ALL_OR_NOTHING, *ALTERNATIVE_2023,
    *HALF_RATE_2024, *SAME_EVERY_YEAR,
]  # fmt: skip


def of_year(year: int) -> list[Aco]:
    """The rows of one year."""
    return [aco for aco in ACOS if aco.year == year]

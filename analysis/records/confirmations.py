"""What the confirmations of a study gave: the rounds of each variant and λ as one, in tidy tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import pandas as pd

from analysis.records.record_tables import alignment_table, score_table
from analysis.records.row_hits import RowHits, confirmed_hits
from analysis.records.run_contents import RecordedRun
from analysis.records.schema import CONFIGURATION, CONFIRM, FINISHED, LAMBDA, OUTCOME, STAGE, TRIAL, VARIANT


@dataclass(frozen=True, kw_only=True, eq=False)
class ConfirmedRuns:
    """Tables of one row a replica, `scores` and `alignment`, and the `hits` of the same, as `StudyRecords` has them."""

    scores: pd.DataFrame
    alignment: pd.DataFrame
    hits: RowHits


def confirmed_runs(runs: Iterable[RecordedRun], variants: Sequence[str], modalities: Sequence[str]) -> ConfirmedRuns:
    """The finished confirmations among the runs of a study's trials, in whatever order they come.

    `variants` and `modalities` are the study's own, in the order of the rows.
    """
    confirmed: dict[tuple[str, float], list[RecordedRun]] = {}
    for run in runs:
        if run.tags[STAGE] == CONFIRM and run.tags.get(OUTCOME) == FINISHED:
            stratum = run.tags[VARIANT], float(run.parameters[LAMBDA])
            confirmed.setdefault(stratum, []).append(run)
    current = {stratum: _of_last_configuration(of_stratum) for stratum, of_stratum in confirmed.items()}
    joined = {stratum: _joined(rounds) for stratum, rounds in current.items()}
    scores = score_table(joined, variants, modalities)
    return ConfirmedRuns(
        scores=scores,
        alignment=alignment_table(joined, variants),
        hits=confirmed_hits(chain.from_iterable(current.values()), scores, modalities),
    )


def order_of_start(run: RecordedRun) -> tuple[int, str]:
    """The order in which trials began; of those that began at once, the alphabet's."""
    return run.start, run.tags[TRIAL]


def _of_last_configuration(runs: list[RecordedRun]) -> list[RecordedRun]:
    """The rounds of the configuration that was confirmed last, in the order in which they began."""
    runs = sorted(runs, key=order_of_start)
    return [run for run in runs if run.tags[CONFIGURATION] == runs[-1].tags[CONFIGURATION]]


def _joined(rounds: list[RecordedRun]) -> RecordedRun:
    """The rounds as one run; where two have one seed, the later counts."""
    return replace(rounds[-1], metrics={name: value for run in rounds for name, value in run.metrics.items()})

"""How far a study has come: what was planned, how each stratum ended, and what a reader must know before all else."""

from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import pandas as pd

from analysis.records import FAILED_STATUS, KILLED_STATUS, RUNNING_STATUS, StudyRecords
from analysis.records.schema import CONFIRM, FAILED, FINISHED, PRUNED, SEARCH

Kind = Literal["complete", "running", "unfinished", "failed", "empty"]
_NAMED = 3  # strata that a sentence names before it counts the others
_ENDS = (FINISHED, PRUNED, FAILED)


@dataclass(frozen=True, kw_only=True, eq=False)
class Progress:
    """What a study has done of what it planned.

    `strata` has one row for each variant and λ: `planned` configurations, how many of them `finished`, were
    `pruned` or `failed`, how many are `open` (under way, interrupted or not begun), and whether the best was
    `confirmed`. `headline` says in one or two sentences what `kind` means here.
    """

    kind: Kind
    headline: str
    strata: pd.DataFrame
    is_rehearsal: bool

    @property
    def num_confirmed(self) -> int:
        """Strata with a result."""
        return int(self.strata["confirmed"].to_numpy().sum())


def study_progress(records: StudyRecords) -> Progress:
    """Compare what is recorded with what was planned."""
    strata = _strata(records)
    kind = _kind(records, strata)
    return Progress(
        kind=kind,
        headline=_headline(kind, strata),
        strata=strata,
        is_rehearsal=records.is_rehearsal,
    )


def _strata(records: StudyRecords) -> pd.DataFrame:
    study = records.study
    planned = _num_configurations(study)
    trials = records.trials
    search, confirm = (trials.loc[trials["stage"] == stage] for stage in (SEARCH, CONFIRM))
    counts = search.groupby(["variant", "lambda", "outcome"]).size().to_dict()
    confirmed = set(confirm.loc[confirm["outcome"] == FINISHED, ["variant", "lambda"]].itertuples(index=False))
    confirmed = {tuple(stratum) for stratum in confirmed}
    rows = []
    for variant in study["variants"]:
        for lambda_ in map(float, study["lambdas"]):
            row = {end: counts.get((variant, lambda_, end), 0) for end in _ENDS}
            total = max(planned, sum(row.values()))
            row |= {"open": total - sum(row.values()), "confirmed": (variant, lambda_) in confirmed}
            rows.append({"variant": variant, "lambda": lambda_, "planned": total} | row)
    return pd.DataFrame(rows)


def _num_configurations(study: Any) -> int:
    """Configurations planned in each stratum: never more than the space holds."""
    definition = study["definition"]
    return min(definition["configurations"], prod(map(len, definition["search_space"].values())))


def _kind(records: StudyRecords, strata: pd.DataFrame) -> Kind:
    if records.trials.empty:
        return "empty"
    if strata["confirmed"].to_numpy().all() and records.status not in (RUNNING_STATUS, KILLED_STATUS):
        return "complete"  # otherwise later rounds are under way, or were stopped
    if not _failed(strata).empty or records.status == FAILED_STATUS:
        return "failed"
    return "running" if records.status == RUNNING_STATUS else "unfinished"


def _failed(strata: pd.DataFrame) -> pd.DataFrame:
    """The strata that can no longer have a result: every configuration ended, and none of them well."""
    ended = (strata["open"] == 0) & (strata["planned"] > 0)
    return strata.loc[ended & (strata[FINISHED] == 0) & ~strata["confirmed"]]


def _headline(kind: Kind, strata: pd.DataFrame) -> str:
    total, confirmed = len(strata), int(strata["confirmed"].to_numpy().sum())
    if kind == "complete":
        return f"Every λ of every variant has its result ({total} of {total})."
    if kind == "empty":
        return "Nothing is recorded: no trial of this study has started, so there is nothing to conclude."
    done = f"{confirmed} of {total} λ have a result" if confirmed else f"none of its {total} λ has a result"
    conclusion = "what follows rests on those alone" if confirmed else "there is no curve and no λ* to show"
    if kind == "running":
        return (
            f"This study is not over: {done}, so {conclusion}. It is recorded as running; "
            "if it no longer is, it was killed, and its command goes on from there."
        )
    if kind == "unfinished":
        return f"This study was stopped before its end: {done}, so {conclusion}. The same command goes on from there."
    failed = _failed(strata)
    if failed.empty:
        return f"This study failed: {done}, so {conclusion}."
    return f"This study failed: every configuration failed at {_named(failed)}. Overall {done}; {conclusion}."


def _named(strata: pd.DataFrame) -> str:
    names = [f"{row['variant']} λ = {row['lambda']:g}" for row in strata.to_dict("records")]
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + rest

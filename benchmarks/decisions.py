"""How often is a complete study wrong, how often do its intervals miss, and what does it cost?

    OMP_NUM_THREADS=1 python benchmarks/decisions.py truth --rows 256 --bits 0 4 8 --jobs 2
    OMP_NUM_THREADS=1 python benchmarks/decisions.py studies --rows 256 --bits 0 4 8 --repeats 40 --jobs 2
    python benchmarks/decisions.py table

A study is all of it, search, exchange and rounds, each repeat with a study seed of its own. The truth comes from a long
run: every configuration of the search space at every λ with 8 seeds, then the best of each of the three best learning
rates with 128 others, of which the best on the validation split counts. Both go on where they were stopped: files lie
in `benchmarks/results/decisions`. Truth takes some 20 minutes a data set and core at 256 rows, a study a minute or two.
`table` also writes the tables and the figure of `studies/results/decisions`.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import tyro
from harness import RESULTS, Row, print_table
from in_process import configurations, full_training, run_queue
from joblib import Parallel, delayed
from matplotlib.figure import Figure

from analysis.figures.plotting import STYLE
from studies import Study, synthetic
from studies.engine.search.plan import CONFIRM, SEARCH, Stratum, strata, trial_spec
from trainables.config import Hyperparameters, SyntheticData
from trainables.data import load
from trainables.placement import PlacedSplits

FOLDER = RESULTS / "decisions"
COMMITTED = Path(__file__).parents[1] / "studies" / "results" / "decisions"
TRUTH_SEED = 10**6  # no study of the repeats has it
SEARCHED_SEEDS, CONFIRMED_SEEDS, NUM_CONFIRMED = 8, 128, 3
EPOCHS = {256: 300, 1024: 150}
MEASURED_ROWS = 16  # alignment is not asked for here
MARGIN = synthetic.STUDY.margin
MEANS = "decided align wrong gain_missed missed_at_a_lambda best_missed as_good replicas seconds".split()


def study_of(rows: int, bits: int, seed: int) -> Study:
    """The synthetic study of one number of shared bits and of training rows."""
    data = {f"R={bits}": SyntheticData(shared_bits=bits)}
    budget = {"max_epochs": EPOCHS[rows], "train_samples": (rows,), "alignment_samples": MEASURED_ROWS}
    return replace(synthetic.STUDY, variants=data, seed=seed, **budget)


def truth(rows: int, bits: int) -> None:
    """Expected accuracy of both encoders at each λ, at the configuration that is best there."""
    study = study_of(rows, bits, TRUTH_SEED)
    data = PlacedSplits(load(SyntheticData(shared_bits=bits), Path("data")))
    space = configurations(study)
    for stratum in strata(study):
        file = FOLDER / f"truth_{rows}_{bits}_{stratum.lambda_:g}.json"
        if file.exists():
            continue
        searched = [_trained(study, stratum, SEARCH, choice, SEARCHED_SEEDS, data)[0] for choice in space]
        best = _best_of_each_rate(space, searched)[:NUM_CONFIRMED]
        confirmed = [_trained(study, stratum, CONFIRM, choice, CONFIRMED_SEEDS, data) for choice in best]
        _, accuracies = max(confirmed, key=lambda pair: pair[0])
        file.write_text(json.dumps({"accuracies": np.mean(accuracies, axis=0).tolist()}))


def _best_of_each_rate(space: list[Hyperparameters], scores: list[float]) -> list[Hyperparameters]:
    """The best configuration of each learning rate, the best first: those of other weight decays are much alike."""
    best: dict[float, Hyperparameters] = {}
    for place in np.argsort(scores)[::-1]:
        best.setdefault(space[place].learning_rate, space[place])
    return list(best.values())


def _trained(
    study: Study, stratum: Stratum, stage: str, choice: Hyperparameters, num_seeds: int, data: PlacedSplits
) -> tuple[float, np.ndarray]:
    """The best mean validation accuracy, and the test accuracies [S, 2], of one configuration."""
    scores, accuracies = [], []
    for start in range(0, num_seeds, study.most_packed):
        replicas = range(start, min(start + study.most_packed, num_seeds))
        config = trial_spec(study, stratum, stage, 0, choice, replicas).config
        curve, tested = full_training(config, study.epochs_per_report, data)
        scores.append(curve.mean(axis=-1))
        accuracies.append(tested)
    best = float(np.concatenate(scores, axis=1).mean(axis=1).max())
    return best, np.concatenate(accuracies)


def one_study(rows: int, bits: int, seed: int) -> None:
    """One complete study, what it decides and what it cost."""
    file = FOLDER / f"study_{rows}_{bits}_{seed}.json"
    if file.exists():
        return
    torch.set_num_threads(1)
    data = PlacedSplits(load(SyntheticData(shared_bits=bits), Path("data")))
    start = process_time()
    queue = run_queue(study_of(rows, bits, seed), data)
    (rounds,) = queue.rounds.values()
    cost = {
        "seconds": process_time() - start,
        "trials": len(queue.records),
        "confirmed_replicas": sum(rounds.seeds.values()),
    }
    decided = [
        {
            "word": decision.word,
            "best": decision.best,
            "gain_interval": decision.gain_interval,
            "as_good": decision.as_good,
            "harmful_from": decision.harmful_from,
            "harmless_to": decision.harmless_to,
            "gains": decision.gains.tolist(),
            "lows": decision.lows.tolist(),
            "highs": decision.highs.tolist(),
            **cost,
        }
        for decision in rounds.decided.values()
    ]
    file.write_text(json.dumps(decided))


def all_judged() -> pd.DataFrame:
    """One row for each encoder of each study so far, with columns [rows, R, study, encoder] and what `judged` gives."""
    found = []
    for file in sorted(FOLDER.glob("study_*.json")):
        rows, bits, study = map(int, file.stem.split("_")[1:])
        gains = _true_gains(rows, bits)
        for encoder, decision in enumerate(json.loads(file.read_text())):
            place = {"rows": rows, "R": bits, "study": study, "encoder": encoder + 1}
            found.append(
                place | judged(decision, {lambda_: float(of_both[encoder]) for lambda_, of_both in gains.items()})
            )
    return pd.DataFrame(found)


def summary(found: pd.DataFrame) -> list[Row]:
    """One row for each data set: shares of wrong decisions and of intervals that miss, and means of all else."""
    return [
        {"rows": rows, "R": bits, "decisions": len(cell), **{name: float(np.mean(cell[name])) for name in MEANS}}
        for (rows, bits), cell in _cells(found)
    ]


def _cells(found: pd.DataFrame) -> list[tuple[tuple[int, int], pd.DataFrame]]:
    """The rows of each data set by its number of training rows and of shared bits."""
    keys = sorted(set(zip(found["rows"].tolist(), found["R"].tolist(), strict=True)))
    return [((rows, bits), found.loc[(found["rows"] == rows) & (found["R"] == bits)]) for rows, bits in keys]


def draw(found: pd.DataFrame) -> Figure:
    """Gains with intervals at the long run's best λ above 0, less the long run's: where one crosses 0 it holds."""
    cells = _cells(found)
    figure, panels = plt.subplots(1, len(cells), figsize=(2.4 * len(cells), 3), sharey=True, squeeze=False)
    for panel, ((rows, bits), cell) in zip(panels[0], cells, strict=True):
        ordered = cell.sort_values(by="gain")
        gain, low, high, true = (100 * ordered[name].to_numpy() for name in ("gain", "low", "high", "true_gain"))
        places, colours = np.arange(len(ordered)), np.where((low > true) | (high < true), "#D55E00", "#0072B2").tolist()
        panel.vlines(places, low - true, high - true, colors=colours)
        panel.scatter(places, gain - true, c=colours, s=8)
        panel.axhline(0, color="0.5", linewidth=0.7)
        panel.set(title=f"R = {bits}, {rows} rows", xlabel="encoders of all studies", xticks=[])
    panels[0, 0].set_ylabel("gain less that of the long run\n(points, interval)")
    figure.tight_layout()
    return figure


def _true_gains(rows: int, bits: int) -> dict[float, np.ndarray]:
    """Gain of both encoders over the first λ, by λ."""
    study = study_of(rows, bits, TRUTH_SEED)
    found = {
        lambda_: np.array(json.loads((FOLDER / f"truth_{rows}_{bits}_{lambda_:g}.json").read_text())["accuracies"])
        for lambda_ in study.lambdas
    }
    return {lambda_: accuracies - found[study.lambdas[0]] for lambda_, accuracies in found.items()}


def judged(decision: dict, gains: dict[float, float]) -> dict[str, float | str]:
    """Whether a decision, the interval of its gain and its λ that are as good hold by the long run's gains.

    Beside it stands what the study says `at` the long run's best λ above 0, which gains `true_gain`.
    """
    largest, smallest = max(gains.values()), min(gains.values())
    harmless_to = decision["harmless_to"] if decision["harmless_to"] is not None else 0.0
    wrong = {
        "align": gains[decision["best"]] <= 0,
        "do not align": largest >= MARGIN or smallest >= 0,
        "no difference": any(abs(gain) > MARGIN for lambda_, gain in gains.items() if lambda_ <= harmless_to),
        "undecided": False,
    }[decision["word"]]
    low, high = decision["gain_interval"]
    bounds = list(zip(gains.values(), decision["lows"], decision["highs"], strict=True))[1:]
    leading = max(range(1, len(gains)), key=list(gains.values()).__getitem__)
    return {
        "word": decision["word"],
        "best": decision["best"],
        "at": list(gains)[leading],
        "true_gain": list(gains.values())[leading],
        "gain": decision["gains"][leading],
        "low": decision["lows"][leading],
        "high": decision["highs"][leading],
        "decided": float(decision["word"] != "undecided"),
        "align": float(decision["word"] == "align"),
        "wrong": float(wrong),
        "gain_missed": float(not low <= gains[decision["best"]] <= high),
        "missed_at_a_lambda": float(np.mean([not below <= gain <= above for gain, below, above in bounds])),
        "best_missed": float(max(gains, key=lambda lambda_: gains[lambda_]) not in decision["as_good"]),
        "as_good": float(len(decision["as_good"])),
        "replicas": float(decision["confirmed_replicas"]),
        "seconds": float(decision["seconds"]),
    }


def main(
    part: tyro.conf.Positional[Literal["truth", "studies", "table"]],
    rows: Literal[256, 1024] = 256,
    bits: Sequence[int] = (0, 4, 8),
    repeats: int = 40,
    jobs: int = 1,
) -> None:
    """Run a part of the simulation, or print what it has given so far."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if part == "truth":
        Parallel(n_jobs=jobs)(delayed(truth)(rows, number) for number in bits)
    elif part == "studies":
        Parallel(n_jobs=jobs)(delayed(one_study)(rows, number, seed) for seed in range(repeats) for number in bits)
    else:
        found = all_judged()
        COMMITTED.mkdir(parents=True, exist_ok=True)
        found.to_csv(COMMITTED / "decisions.csv", index=False)
        pd.DataFrame(summary(found)).to_csv(COMMITTED / "summary.csv", index=False)
        with plt.rc_context(STYLE):
            draw(found).savefig(COMMITTED / "gain_intervals.png", dpi=150)
        print_table(summary(found))


if __name__ == "__main__":
    tyro.cli(main)

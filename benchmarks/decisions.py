"""How often is a complete study wrong, how often do its intervals miss, and what does it cost?

    OMP_NUM_THREADS=1 python benchmarks/decisions.py train --rows 256 --bits 0 4 8 --jobs 2
    OMP_NUM_THREADS=1 python benchmarks/decisions.py studies --rows 256 --bits 0 4 8 --repeats 200 --jobs 2
    python benchmarks/decisions.py table

A study is all of it, from the search to the last round, by the platform's own queue; each has its own study seed.
What a study would train is drawn, with replacement, from trainings that were kept (`kept_trainings.py`): at every λ of
each configuration with 12 seeds, and of those within a point of the best with 32 others, the same for all of them. So
what was kept is the population, and its truth is known: the accuracy at a λ is the mean of the configuration that
validates best there. Decisions are held against two truths: that one, and that of the configurations which the study
itself found. A configuration that a study confirms and that is not near the best gets as many seeds when it comes up.

Training takes forty minutes a data set and core at 256 rows, a study some seconds. Both go on where they were stopped.
`table` also writes the tables and the figure of `studies/results/decisions`.
"""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tyro
from harness import RESULTS, Row, print_table
from in_process import run_queue
from joblib import Parallel, delayed
from kept_trainings import MODALITIES, DrawnTrial, KeptTrainings, study_of, train_all, winners
from matplotlib.figure import Figure

from analysis.figures.plotting import STYLE
from studies import Study, synthetic

FOLDER = RESULTS / "decisions"
COMMITTED = Path(__file__).parents[1] / "studies" / "results" / "decisions"
MARGIN = synthetic.STUDY.margin
COSTS = ("trials", "replicas")
TRUTHS = ("best", "found")  # of the configurations that are best, and of those that the study found
ERRORS = ("wrong", "gain_missed", "missed_at_a_lambda", "best_missed")


def run_studies(rows: int, bits: int, seeds: Sequence[int]) -> None:
    """Complete studies of these seeds: what each decides and what it cost."""
    kept = KeptTrainings(rows, bits)
    for seed in seeds:
        file = FOLDER / f"study_{rows}_{bits}_{seed}.json"
        if not file.exists():
            file.write_text(json.dumps(_one_study(kept, study_of(rows, bits, seed))))


def _one_study(kept: KeptTrainings, study: Study) -> list[dict]:
    """What is kept of one study, by encoder."""
    queue = run_queue(study, MODALITIES, partial(DrawnTrial, kept=kept))
    (rounds,) = queue.rounds.values()
    of_both = {
        "configurations": winners(queue, kept),
        "trials": len(queue.records),
        "replicas": sum(rounds.seeds.values()),
    }
    return [
        {
            "word": decision.word,
            "best": decision.best,
            "as_good": decision.as_good,
            "harmless_to": decision.harmless_to,
            "gains": decision.gains.tolist(),
            "lows": decision.lows.tolist(),
            "highs": decision.highs.tolist(),
            **of_both,
        }
        for decision in rounds.decided.values()
    ]


def all_judged() -> pd.DataFrame:
    """One row for each encoder of each study so far, with columns [rows, R, study, encoder] and what `judged` gives."""
    cells: dict[tuple[int, int], list[int]] = {}
    for file in FOLDER.glob("study_*.json"):
        rows, bits, study = map(int, file.stem.split("_")[1:])
        cells.setdefault((rows, bits), []).append(study)
    found = []
    for (rows, bits), studies in sorted(cells.items()):
        kept = KeptTrainings(rows, bits)
        best = kept.best_accuracies()
        for study in sorted(studies):
            for encoder, decision in enumerate(json.loads((FOLDER / f"study_{rows}_{bits}_{study}.json").read_text())):
                chosen = enumerate(decision["configurations"])
                accuracies = {
                    "best": best[:, encoder],
                    "found": np.array([kept.confirmed(at, number)[1][:, encoder].mean() for at, number in chosen]),
                }
                gains = {truth: of_truth - of_truth[0] for truth, of_truth in accuracies.items()}
                place = {"rows": rows, "R": bits, "study": study, "encoder": encoder + 1}
                found.append(place | judged(decision, kept.study.lambdas, gains))
    return pd.DataFrame(found)


def summary(found: pd.DataFrame) -> list[Row]:
    """One row for each data set: shares of decisions and of what is wrong with them, and mean costs."""
    columns = ["decided", "align", *(f"{name}_{truth}" for truth in TRUTHS for name in ERRORS), "as_good", *COSTS]
    return [
        {"rows": rows, "R": bits, "decisions": len(cell), **{name: float(np.mean(cell[name])) for name in columns}}
        for (rows, bits), cell in _cells(found)
    ]


def _cells(found: pd.DataFrame) -> list[tuple[tuple[int, int], pd.DataFrame]]:
    """The rows of each data set by its number of training rows and of shared bits."""
    keys = sorted(set(zip(found["rows"].tolist(), found["R"].tolist(), strict=True)))
    return [((rows, bits), found.loc[(found["rows"] == rows) & (found["R"] == bits)]) for rows, bits in keys]


def draw(found: pd.DataFrame) -> Figure:
    """Gains with intervals at the λ above 0 that is truly best, less the true gain: where one crosses 0 it holds."""
    cells = _cells(found)
    figure, panels = plt.subplots(1, len(cells), figsize=(2.4 * len(cells), 3), squeeze=False)
    for panel, ((rows, bits), cell) in zip(panels[0], cells, strict=True):
        ordered = cell.sort_values(by="gain")
        gain, low, high, true = (100 * ordered[name].to_numpy() for name in ("gain", "low", "high", "true_gain"))
        places, colours = np.arange(len(ordered)), np.where((low > true) | (high < true), "#D55E00", "#0072B2").tolist()
        panel.vlines(places, low - true, high - true, colors=colours, linewidth=0.5)
        panel.scatter(places, gain - true, c=colours, s=2)
        panel.axhline(0, color="0.5", linewidth=0.7)
        panel.set(title=f"R = {bits}, {rows} rows", xlabel="encoders of all studies", xticks=[])
    panels[0, 0].set_ylabel("gain less the true gain\n(points, interval)")
    figure.tight_layout()
    return figure


def judged(decision: dict, lambdas: Sequence[float], gains: dict[str, np.ndarray]) -> dict[str, float | str]:
    """What one encoder's decision says, and whether it holds by the gains [L] over λ = 0 of each truth.

    `gain`, `low` and `high` are those at the λ above 0 that is truly best, which gains `true_gain`.
    """
    leading = 1 + int(gains["best"][1:].argmax())
    said = {name: decision[f"{name}s"][leading] for name in ("gain", "low", "high")}
    errors = {
        f"{name}_{truth}": float(is_error)
        for truth, of_truth in gains.items()
        for name, is_error in zip(ERRORS, _errors(decision, lambdas, of_truth), strict=True)
    }
    return {
        "word": decision["word"],
        "best": decision["best"],
        "at": lambdas[leading],
        "true_gain": float(gains["best"][leading]),
        **said,
        "decided": float(decision["word"] != "undecided"),
        "align": float(decision["word"] == "align"),
        **errors,
        "as_good": float(len(decision["as_good"])),
        **{name: float(decision[name]) for name in COSTS},
    }


def _errors(decision: dict, lambdas: Sequence[float], gains: np.ndarray) -> tuple[bool, bool, float, bool]:
    """What `ERRORS` names: a wrong word, gain intervals at λ* and at each λ that miss, a best λ that is ruled out."""
    best = lambdas.index(decision["best"])
    harmless_to = decision["harmless_to"] or 0
    is_wrong = {
        "align": gains[best] <= 0,
        "do not align": gains.max() >= MARGIN or gains.min() >= 0,
        "no difference": any(abs(gain) > MARGIN for at, gain in zip(lambdas, gains, strict=True) if at <= harmless_to),
        "undecided": False,
    }[decision["word"]]
    missed = ((gains < decision["lows"]) | (gains > decision["highs"]))[1:]
    gain_missed = bool(best and missed[best - 1])
    return bool(is_wrong), gain_missed, float(missed.mean()), lambdas[int(gains.argmax())] not in decision["as_good"]


def main(
    part: tyro.conf.Positional[Literal["train", "studies", "table"]],
    rows: Literal[256, 1024] = 256,
    bits: Sequence[int] = (0, 4, 8),
    repeats: int = 200,
    jobs: int = 1,
) -> None:
    """Run a part of the simulation, or print what it has given so far."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if part == "train":
        train_all(rows, bits, jobs)
    elif part == "studies":
        Parallel(n_jobs=jobs)(delayed(run_studies)(rows, number, range(repeats)) for number in bits)
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

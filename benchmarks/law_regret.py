"""What does it cost to follow the law of λ* and redundancy on data that the law has not seen?

    python benchmarks/law_regret.py --storage runs --tracking-uri sqlite:///mlflow.db      # twenty minutes on two cores

Synthetic data of temperatures and a tanh network that `studies/law.py` does not have. λ* of each encoder is forecast by
the law that comes with the project, from estimated information alone, and taken at the nearest λ of the grid. Then a
study trains every λ with the same seeds. The regret of a λ is the accuracy at the best λ less that at this one, in
points, with an interval that allows for the best having been picked. Beside the forecast stand two answers that need no
law: never to align, and always to align as strongly as a task counts, λ = 1. Prints and writes the table.
"""

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import tyro
from harness import print_table

from analysis import Forecast, RedundancyLaw
from analysis.optimum import forecast_regret, paired_scores
from analysis.redundancy import read_points
from pid.atoms import Atoms
from studies import law, run
from studies.advise import LAW
from studies.engine.outcome import Outcome
from trainables.config import SyntheticData

SHARED_BITS = (2, 5, 8)
# The third and sixth of the paper's ten temperatures, of which the law has the first, fourth and seventh.
HELD_BACK = {
    "T=0.078": SyntheticData(shared_bits=0, temperature=0.0780),
    "T=0.1519": SyntheticData(shared_bits=0, temperature=0.1519),
    "tanh 1": SyntheticData(shared_bits=0, tanh_depth=1),
}
NUM_SEEDS = 24
STUDY = replace(
    law.STUDIES[0],
    name="law-regret",
    question="What does it cost to follow the law on data that it has not seen?",
    variants={
        f"R={bits}, {name}": replace(data, shared_bits=bits) for name, data in HELD_BACK.items() for bits in SHARED_BITS
    },
    lambdas=(0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.4, 2),
    seeds=NUM_SEEDS,
    max_seeds=NUM_SEEDS,
)


# Answers that are compared: the law's, and two that need none.
ANSWERS = ("law", "never", "always")


def regrets(outcome: Outcome, fitted: RedundancyLaw) -> pd.DataFrame:
    """One row an encoder of a held-back variant: its forecast, the best λ, and in points what each answer costs."""
    rows = []
    for variant, modality in product(STUDY.variants, (1, 2)):
        forecast = _forecast(outcome.information, variant, modality, fitted)
        of_encoder = (outcome.scores["variant"] == variant) & (outcome.scores["encoder"] == f"modality_{modality}")
        paired = paired_scores(outcome.scores.loc[of_encoder], STUDY.seeds)
        answers = dict(zip(ANSWERS, (_nearest(forecast.value), 0.0, 1.0), strict=True))
        row = {"variant": variant, "encoder": f"modality_{modality}", "told": forecast.is_told}
        row |= {"forecast": forecast.value, "low": forecast.interval[0], "high": forecast.interval[1]}
        for name, lambda_ in answers.items():
            regret = forecast_regret(paired.lambdas, 100 * paired.scores, lambda_)
            low, high = regret.interval or (np.nan, np.nan)
            row |= {"best": regret.best, f"{name}_lambda": lambda_}
            row |= {f"{name}_regret": regret.value, f"{name}_low": low, f"{name}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


def _forecast(information: pd.DataFrame, variant: str, modality: Literal[1, 2], fitted: RedundancyLaw) -> Forecast:
    found = information.loc[information["variant"] == variant].to_dict("records")
    intervals = {row["atom"]: (row["low"], row["high"]) for row in found}
    atoms = Atoms(**{row["atom"]: row["corrected"] for row in found})
    (definition,) = {row["definition"] for row in found}
    return fitted.predict(atoms, modality=modality, intervals=intervals, definition=definition)


def _nearest(lambda_: float) -> float:
    """The λ of the grid that is nearest on the scale of the law, log(1 + λ)."""
    return min(STUDY.lambdas, key=lambda other: abs(np.log1p(other) - np.log1p(lambda_)))


def main(storage: str = "runs", tracking_uri: str = "sqlite:///mlflow.db", law_table: Path = LAW) -> None:
    """Train the held-back variants, or go on with them, and say what each answer costs."""
    fitted = RedundancyLaw.fit(read_points(law_table))
    table = regrets(run(STUDY, storage=storage, tracking_uri=tracking_uri), fitted)
    print_table(table.to_dict("records"))
    for name in ANSWERS:
        regret = table[f"{name}_regret"]
        print(f"{name}: {regret.mean():.2f} points lost on average, at most {regret.max():.2f}")
    path = law_table.with_name("regret.csv")
    table.round(5).to_csv(path, index=False)
    print(f"written to {path}")


if __name__ == "__main__":
    tyro.cli(main)

"""A forecast of λ* for data that nobody has trained on, from recorded studies, and a check of what it costs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.text import Text

from analysis.optimum import forecast_regret, paired_scores
from analysis.records import read_study
from analysis.redundancy import Forecast, RedundancyLaw, encoder_points, law_summary, read_points
from pid.atoms import Atoms
from studies.engine.commands.advice import AdviceOptions
from studies.engine.commands.exit_codes import stop_if_interrupted
from studies.engine.inputs.information import METHOD, information_record
from studies.engine.options import resolve, tracking_uri
from studies.engine.running import run_with
from studies.engine.study import Study
from trainables.config import Refused
from trainables.data import load
from trainables.data.validation import check


def forecast_archive(study: Study, options: AdviceOptions, kept: Path, console: Console) -> dict[str, Forecast]:
    """Estimate the information in the study's data, and forecast λ* of both encoders from recorded ones.

    Those are of the recorded studies that `options` names, or else of the table `kept`. Raises Refused where there are
    none, where the studies are rehearsals or do not bear a law, and where they decompose information otherwise.
    """
    points = _recorded_points(options) if options.experiments else _kept_points(kept)
    _require_same_method(points)
    law = RedundancyLaw.fit(points, options.predictor)
    ((label, config),) = study.variants.items()
    with console.status(Text(f"estimating the information in {options.archive.name}")):
        splits = load(config, options.archive)
        check(splits, study.batch_size)
        record = information_record(
            config, splits, study.encoder_1, study.encoder_2, most_rows=study.information_rows, num_workers=None
        )
    console.print(f"{label}: {record['verdict']}")
    for sentence in law_summary(law):
        console.print(sentence)
    console.print(_rows_sentence(law.points, len(splits.train)))
    atoms = Atoms(**{name: figures["corrected"] for name, figures in record["atoms"].items()})
    intervals = {name: (figures["low"], figures["high"]) for name, figures in record["atoms"].items()}
    definition, (first, second) = record["definition"], options.modalities
    forecasts = {
        first: law.predict(atoms, modality=1, intervals=intervals, definition=definition),
        second: law.predict(atoms, modality=2, intervals=intervals, definition=definition),
    }
    console.print(f"\nforecast for {options.archive.name}, without training, with 95 % intervals:")
    for encoder, forecast in forecasts.items():
        console.print(f"  {encoder}: {_in_words(forecast)}")
    for sentence in _reservations(law, forecasts.values()):
        console.print(sentence)
    return forecasts


def _reservations(law: RedundancyLaw, forecasts: Iterable[Forecast]) -> Iterator[str]:
    """What a forecast does not tell."""
    if not np.isnan(law.points["shared_bits"].to_numpy(float)).any():
        yield "All data of the law are synthetic: how far it holds for others is not known."
    if law.predictor == "redundancy":
        yield "Redundancy is the same for both encoders, and so is the forecast; --predictor share tells them apart."
    if any(_rounded(forecast.interval[0]) == 0 for forecast in forecasts):
        yield "Where the interval holds 0, it does not tell whether to align at all; a study (studies/custom.py) does."


def _recorded_points(options: AdviceOptions) -> pd.DataFrame:
    studies = [read_study(tracking_uri(options), name) for name in options.experiments]
    if rehearsals := [records.label for records in studies if records.is_rehearsal]:
        raise Refused(f"a forecast rests on studies of real data, got rehearsals: {', '.join(rehearsals)}")
    return encoder_points(studies)


def _kept_points(kept: Path) -> pd.DataFrame:
    if not kept.is_file():
        raise Refused(f"expected --experiments, as the law that comes with the project is not here: {kept}")
    return read_points(kept)


def _rows_sentence(points: pd.DataFrame, num_rows: int) -> str:
    """How many rows the law's encoders were trained on, as what alignment gains depends on it."""
    samples = points["train_samples"].tolist()
    numbers = [f"{int(number):,}" for number in sorted({one for one in samples if not np.isnan(one)})]
    if any(np.isnan(one) for one in samples):
        numbers.append("all")
    return f"The law's encoders were trained on {' or '.join(numbers)} rows, those of this archive on {num_rows:,}."


def _require_same_method(points: pd.DataFrame) -> None:
    """Raise Refused where the recorded estimates are by another method, which gives other numbers for the same data."""
    methods = sorted({name for name in points["method"] if name is not None})
    if methods and methods != [METHOD]:
        raise Refused(
            f"the recorded studies estimated their information by {' and '.join(methods)}, that of the new data is "
            f"estimated by {METHOD}: the two cannot be compared"
        )


def _in_words(forecast: Forecast) -> str:
    figures = f"λ* {forecast.value:.2f} ({forecast.interval[0]:.2f}-{forecast.interval[1]:.2f})"
    return figures if forecast.is_told else f"{forecast.verdict}; for what it is worth, {figures}"


def verify_forecasts(study: Study, forecasts: Mapping[str, Forecast], options: AdviceOptions, console: Console) -> None:
    """Sweep λ around the forecasts, and say what each encoder's forecast costs against the best λ of the sweep."""
    study = replace(resolve(study, options), name=f"{study.name}-verify", lambdas=sweep(forecasts.values()))
    outcome = run_with(study, options, console)
    stop_if_interrupted(outcome, console)
    console.print("\nregret: accuracy at the sweep's best λ less accuracy at the forecast")
    for encoder, forecast in forecasts.items():
        paired = paired_scores(outcome.scores.loc[outcome.scores["encoder"] == encoder], study.seeds)
        if _rounded(forecast.value) not in paired.lambdas:
            console.print(f"  {encoder}: most seeds diverged at the forecast {_rounded(forecast.value):g}")
            continue
        regret = forecast_regret(paired.lambdas, paired.scores, _rounded(forecast.value))
        interval = f" ({regret.interval[0]:.4f} to {regret.interval[1]:.4f})" if regret.interval else ""
        console.print(
            f"  {encoder}: {regret.value:.4f}{interval}; forecast {_rounded(forecast.value):g}, best {regret.best:g}",
        )


def sweep(forecasts: Iterable[Forecast]) -> tuple[float, ...]:
    """λ = 0, the forecasts, and the ends of their intervals, increasing."""
    return tuple(sorted({0.0} | {_rounded(end) for each in forecasts for end in (each.value, *each.interval)}))


def _rounded(lambda_: float) -> float:
    """To hundredths: finer differences in λ are not worth a training, and would make two λ of one."""
    return round(lambda_, 2)

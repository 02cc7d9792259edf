"""The analyse stage: read what MLflow holds, say which λ is best for each encoder, write figures and report."""

from collections import Counter
from pathlib import Path

import pandas as pd
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.conclusions import conclude_records
from analysis.connection import TrackingServerError, masked
from analysis.records import StudyRecords, read_study
from analysis.report import write_study
from studies.engine.study import Study
from studies.engine.tracking import Tracking


def conclude(study: Study, tracking_uri: str, folder: Path, tracking: Tracking, console: Console) -> None:
    """Print the λ tables, write figures, tables and the report to `folder`, and store them with the study in MLflow.

    Raises UnsentError where MLflow's records cannot be read.
    """
    try:
        records = read_study(tracking_uri, study.name, study.identity)
    except TrackingServerError as error:
        raise tracking.unsent(error) from error
    conclusions = conclude_records(records)
    if conclusions.records.scores.empty:
        console.print("no trial was confirmed: there is nothing to conclude", highlight=False)
    else:
        _print_scores(conclusions.records, conclusions.lambda_star, console)
    _print_failures(records.trials, console)
    page = write_study(conclusions, folder)
    tracking.log_artifacts(folder)
    tracking.log_study(_final_figures(conclusions.lambda_star))
    places = {
        "figures and tables": folder,
        "all runs": _where_to_see(masked(tracking_uri)),
        "report": page.resolve().as_uri(),
    }
    for what, place in places.items():
        console.print(f"{what}: {place}", highlight=False, soft_wrap=True)


def _where_to_see(tracking_uri: str) -> str:
    """A server is its own user interface; a database needs one."""
    is_server = tracking_uri.startswith(("http://", "https://"))
    return tracking_uri if is_server else f"{tracking_uri} (mlflow ui --backend-store-uri {tracking_uri})"


def _print_scores(records: StudyRecords, lambda_star: pd.DataFrame, console: Console) -> None:
    """What the scores say: accuracy over λ, λ*, and the information in the data."""
    columns = {"accuracy": "test accuracy", "accuracy_nonzero": "test accuracy without neutral rows"}
    for encoder in records.scores["encoder"].unique():
        for column, title in columns.items():
            if records.scores[column].notna().to_numpy().any():
                console.print(f"\n{title} of {encoder}, mean ± standard error over seeds", highlight=False)
                console.print(_accuracy_table(records, encoder, column))
    console.print("\nbest alignment strength λ*, with everything that could still be the best at 95 %", highlight=False)
    console.print(_lambda_star_table(lambda_star))
    _print_reservations(lambda_star, console)
    if not records.information.empty:
        console.print(
            "\ninformation that the modalities have about the label, in bits: less its null's mean, 95 % interval",
            highlight=False,
        )
        console.print(_information_table(records.information))


def _accuracy_table(records: StudyRecords, encoder: str, column: str) -> Table:
    """Mean test accuracy of one encoder: one row a λ, one column a variant."""
    scores = records.scores.loc[records.scores["encoder"] == encoder]
    variants = list(dict.fromkeys(scores["variant"]))
    table = Table("λ", *variants, box=box.SIMPLE_HEAD, padding=0)
    for lambda_, rows in scores.groupby("lambda"):
        cells = []
        for variant in variants:
            values = rows.loc[rows["variant"] == variant, column].dropna()
            error = f" ± {values.sem():.3f}" if len(values) > 1 else ""
            cells.append(f"{values.mean():.3f}{error}" if len(values) else "–")
        table.add_row(f"{lambda_:g}", *cells)
    return table


def _lambda_star_table(lambda_star: pd.DataFrame) -> Table:
    """λ* of each encoder with its interval and regime, one row a variant and encoder, within 80 characters."""
    table = Table(
        "variant", "encoder", "λ*", "least\nequal", "regime", "gain over λ = 0", box=box.SIMPLE_HEAD, padding=0
    )
    for row in lambda_star.to_dict("records"):
        table.add_row(
            row["variant"],
            row["encoder"],
            f"{_number(row['best'], '.2f')} ({_number(row['low'], '.2f')}–{_number(row['high'], '.2f')})",
            _number(row["smallest_equivalent"], "g"),
            row["regime"] or "unknown",
            f"{_number(row['gain'], '+.3f')} ({_number(row['gain_low'], '+.3f')}, {_number(row['gain_high'], '+.3f')})",
        )
    return table


def _information_table(information: pd.DataFrame) -> Table:
    """Atoms by variant, and below them the population's where it is known, within 80 characters."""
    atoms = information["atom"].unique()
    table = Table("variant", *(atom.replace("_", " ") for atom in atoms), box=box.SIMPLE_HEAD, padding=0)
    for variant, rows in information.groupby("variant", sort=False):
        found = rows.to_dict("records")
        table.add_row(str(variant), *(f"{row['corrected']:.2f} ({row['low']:.2f}–{row['high']:.2f})" for row in found))
        if not pd.isna(found[0]["exact"]):
            table.add_row("  exact", *(f"{row['exact']:.2f}".replace("-0.00", "0.00") for row in found), style="dim")
    return table


def _print_reservations(lambda_star: pd.DataFrame, console: Console) -> None:
    """Say what a reader of the λ* table must not overlook."""
    for row in lambda_star.to_dict("records"):
        encoder = f"{row['variant']} {row['encoder']}"
        if row["at_edge"] == "upper":
            console.print(f"[yellow]{encoder}: λ* is the largest λ tried; more may be better[/yellow]", highlight=False)
        if row["dropped_seeds"] > 0:
            text = f"{encoder}: {row['dropped_seeds']} seeds diverged at some λ and are left out"
            console.print(f"[yellow]{text}[/yellow]", highlight=False)


def _print_failures(trials: pd.DataFrame, console: Console) -> None:
    """How many trials failed, and why: the last line of each error."""
    errors = trials.loc[trials["outcome"] == "failed", "error"]
    reasons = Counter(error.strip().splitlines()[-1] if isinstance(error, str) else "unknown" for error in errors)
    for reason, count in reasons.most_common():
        text = f"{count} {'trial' if count == 1 else 'trials'} failed: {reason}"
        console.print(f"[yellow]{escape(text)}[/yellow]", highlight=False)


def _number(value: float, form: str) -> str:
    """The number in that form, or a question mark where the scores cannot tell it (one seed has no interval)."""
    return "?" if pd.isna(value) else format(value, form)


def _final_figures(lambda_star: pd.DataFrame) -> dict[str, float]:
    """λ* and its interval as metrics of the parent run."""
    return {
        f"lambda_star/{row['variant']}/{row['encoder']}/{name}": float(row[name])
        for row in lambda_star.to_dict("records")
        for name in ("best", "low", "high", "smallest_equivalent", "gain")
        if not pd.isna(row[name])
    }

"""A study's conclusions in the terminal: accuracy over λ, decisions, the information in the data, and what failed."""

from collections import Counter

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from analysis.conclusions import Conclusions
from analysis.decision import margin_in_words
from analysis.records import StudyRecords
from analysis.report import reservations
from analysis.words import first_itself


def print_conclusions(conclusions: Conclusions, console: Console, *, verbose: bool) -> None:
    """Print what follows from the scores, and how many trials failed and why; `verbose` adds accuracy over λ."""
    if conclusions.records.scores.empty:
        console.print("no trial was confirmed: there is nothing to conclude")
    else:
        if verbose:
            _print_scores(conclusions.records, console)
        _print_answers(conclusions.records, conclusions.decisions, console)
    _print_failures(conclusions.records.trials, console)


def _print_scores(records: StudyRecords, console: Console) -> None:
    """Print accuracy over λ, a table an encoder."""
    columns = {"accuracy": "test accuracy", "accuracy_nonzero": "test accuracy without neutral rows"}
    for encoder in records.scores["encoder"].unique():
        for column, title in columns.items():
            if records.scores[column].notna().to_numpy().any():
                console.print(f"\n{title} of {encoder}, mean ± standard error over seeds")
                console.print(_accuracy_table(records, encoder, column))


def _print_answers(records: StudyRecords, decisions: pd.DataFrame, console: Console) -> None:
    """Print the decisions, and the information in the data."""
    if decisions.empty:
        console.print("\nthere is nothing to decide: no encoder has scores at two λ")
    else:
        _print_decisions(decisions, records.study["definition"]["margin"], console)
    if not records.information.empty:
        console.print("\ninformation that the modalities have about the label, in bits, with 95 % intervals")
        console.print(_information_table(records.information))
        first, second = records.study["modalities"]
        console.print(f"unique 1: of {first} alone; unique 2: of {second} alone")


def _print_decisions(decisions: pd.DataFrame, margin: float, console: Console) -> None:
    """Print what is decided, by which margin, and what to keep in mind."""
    title = f"the decision for each encoder, with the λ that are as good as λ* to {margin_in_words(margin)}"
    console.print(f"\n{title}")
    console.print(_decision_table(decisions))
    _print_reservations(decisions, console)


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


def _decision_table(decisions: pd.DataFrame) -> Table:
    """What is decided for each encoder, one row a variant and encoder, within 80 characters."""
    table = Table("variant", "encoder", "decision", "λ*", "as good", "gain, points", box=box.SIMPLE_HEAD, padding=0)
    for row in decisions.to_dict("records"):
        table.add_row(
            row["variant"],
            row["encoder"],
            row["decision"],
            _number(row["best"], "g"),
            row["as_good"].replace(" to ", "–"),
            first_itself(row)
            or f"{_number(100 * row['gain'], '+.1f')} ({_number(100 * row['gain_low'], '+.1f')}"
            f" to {_number(100 * row['gain_high'], '+.1f')})",
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


def _print_reservations(decisions: pd.DataFrame, console: Console) -> None:
    """Print what is not decided and why, and what to keep in mind: λ* at the end of the grid, seeds that diverged."""
    for row in decisions.to_dict("records"):
        if row["decision"] == "undecided":
            console.print(f"{row['variant']} {row['sentence']}", style="yellow")
        for reservation in reservations(row):
            console.print(f"{row['variant']} {row['encoder']}: {reservation}", style="yellow")
    if decisions.loc[decisions["decision"] == "undecided", "more_seeds"].notna().to_numpy().any():
        console.print("more seeds than --max-seeds allows take a larger --max-seeds: another study, which starts over")


def _print_failures(trials: pd.DataFrame, console: Console) -> None:
    """Print how many trials failed, by the last line of their errors."""
    errors = trials.loc[trials["outcome"] == "failed", "error"]
    reasons = Counter(error.strip().splitlines()[-1] if isinstance(error, str) else "unknown" for error in errors)
    for reason, count in reasons.most_common():
        console.print(f"{count} {'trial' if count == 1 else 'trials'} failed: {reason}", style="yellow")


def _number(value: float, form: str) -> str:
    """The number in that form, or a question mark where the scores cannot tell it (one seed has no interval)."""
    return "?" if pd.isna(value) else format(value, form)

"""The third part of a study: what follows from its journal is printed, written as a page, and sent to MLflow."""

import shlex
from dataclasses import replace

import pandas as pd
from rich.console import Console

from analysis.conclusions import conclude_records
from analysis.connection import masked
from analysis.decision import decision_table, study_decisions
from analysis.records import FAILED_STATUS, FINISHED_STATUS, KILLED_STATUS, StudyRecords
from analysis.records.schema import DESCRIPTION, decision_tag, encoder_names, lambda_star_metric, recorded_names
from analysis.report import write_study
from studies.engine.conclusion_tables import print_conclusions
from studies.engine.decision_note import decision_note
from studies.engine.inputs.information import information_metrics, information_tags
from studies.engine.outcome import Outcome, StudyFailed
from studies.engine.recording.journal_records import journal_records
from studies.engine.recording.recording import Recording
from studies.engine.recording.tracking import UnsentError
from studies.engine.train import Trained


def conclude(recording: Recording, trained: Trained, tracking_uri: str, console: Console, *, verbose: bool) -> Outcome:
    """Write figures, tables and the page, store them with the study in MLflow, and print the conclusions.

    Those are one screen; `verbose` adds accuracy over λ. All follows from the records of the journal, so that a study
    whose server is away still ends with its page.
    Raises StudyFailed, with the outcome, for the failures and where MLflow does not have all that is recorded.
    """
    information, tracking, folder = recording.information.read(), recording.tracking, recording.folder.figures
    failures = trained.failures
    records = journal_records(
        recording,
        trained.records.values(),
        information_tags(information),
        status=FAILED_STATUS if failures else FINISHED_STATUS,
    )
    conclusions = conclude_records(records)
    # Written before anything of it is printed, so that a terminal that fails costs no results.
    page = write_study(conclusions, folder)
    final = _in_keys(conclusions.decisions, records)
    tracking.log_study(information_metrics(information) | _final_figures(final))
    # Relative to MLflow's page, which may be served below any address.
    picture = f"get-artifact?path={folder.name}/gain_by_lambda.png&run_uuid={tracking.parent_run_id}"
    is_drawn = "gain_by_lambda" in conclusions.drawings
    note = decision_note(recording.study.question, conclusions.decisions, picture if is_drawn else None)
    tracking.tag_study(information_tags(information) | _decision_tags(final) | {DESCRIPTION: note})
    tracking.log_artifacts(folder)
    print_conclusions(conclusions, console, verbose=verbose)
    places = {
        "figures and tables": folder,
        "all runs": _where_to_see(masked(tracking_uri)),
        "report": page.resolve().as_uri(),
    }
    for what, place in places.items():
        console.print(f"{what}: {place}", soft_wrap=True)
    figures = {name: (folder / f"{name}.png").resolve() for name in conclusions.drawings}
    outcome = _outcome(recording, records, conclusions.decisions)
    outcome = replace(outcome, figures=figures, report=page.resolve())
    try:
        tracking.flush()
    except UnsentError as error:
        raise StudyFailed([*failures, str(error)], outcome) from error
    recording.folder.remove_attempts()
    if failures:
        raise StudyFailed(failures, outcome)
    return outcome


def interrupted(recording: Recording) -> Outcome:
    """What is recorded so far of a study that somebody stopped."""
    recording.tracking.note_interruption()
    information = information_tags(recording.information.read())
    trials = recording.journal.read().values()  # what was reported since a trial's checkpoint is not in it
    records = journal_records(recording, trials, information, status=KILLED_STATUS)
    decisions = decision_table(study_decisions(records), records.scores)
    return replace(_outcome(recording, records, decisions), is_interrupted=True)


def _outcome(recording: Recording, records: StudyRecords, decisions: pd.DataFrame) -> Outcome:
    return Outcome(
        study=recording.study.name,
        identity=recording.study.identity,
        scores=records.scores,
        alignment=records.alignment,
        decisions=decisions,
        information=records.information,
        trials=records.trials,
    )


def _where_to_see(tracking_uri: str) -> str:
    """Where the runs can be looked at: a server shows them itself; beside a database stands the command that does."""
    is_server = tracking_uri.startswith(("http://", "https://"))
    return tracking_uri if is_server else f"{tracking_uri} (mlflow ui --backend-store-uri {shlex.quote(tracking_uri)})"


def _in_keys(decisions: pd.DataFrame, records: StudyRecords) -> pd.DataFrame:
    """The decisions with variants and encoders by the names that keys have of them."""
    encoders = encoder_names(records.study["modalities"])
    variants = recorded_names(records.study["variants"], encoders.values())
    return decisions.assign(
        variant=decisions["variant"].map(variants.__getitem__), encoder=decisions["encoder"].map(encoders.__getitem__)
    )


def _final_figures(decisions: pd.DataFrame) -> dict[str, float]:
    """λ*, the λ as good as it, and the gain as metrics of the parent run."""
    return {
        lambda_star_metric(row["variant"], row["encoder"], name): float(row[name])
        for row in decisions.to_dict("records")
        for name in ("best", "low", "high", "gain", "gain_low", "gain_high")
        if not pd.isna(row[name])
    }


def _decision_tags(decisions: pd.DataFrame) -> dict[str, str]:
    """Each decision in words as a tag of the parent run."""
    return {decision_tag(row["variant"], row["encoder"]): row["sentence"] for row in decisions.to_dict("records")}

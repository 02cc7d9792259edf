"""One study as one self-contained HTML page: what its template needs, from its records."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.claims import claim_findings, claim_summary
from analysis.conclusions import Conclusions
from analysis.decision import CONFIDENCE, margin_in_words
from analysis.figures import Drawing
from analysis.records import StudyRecords
from analysis.records.schema import (
    COMMAND,
    FAILED,
    GIT_COMMIT,
    HOST,
    IDENTITY,
    VERSIONS,
    data_tag_variant,
    recorded_names,
)
from analysis.report.claim_part import claim_part
from analysis.report.information_part import information_part
from analysis.report.inline_svg import Picture, picture
from analysis.report.page import render
from analysis.report.page_tables import (
    chosen_table,
    decision_page_table,
    failure_table,
    importance_table,
    search_table,
)
from analysis.report.variant_part import variant_parts

_MOST_FAILURES = 50
_MOST_ERRORS = 5  # different ones, whose whole text is shown
_ORIGIN_TITLES = {
    IDENTITY: "Identity",
    COMMAND: "Command",
    GIT_COMMIT: "Commit",
    HOST: "Host",
    VERSIONS: "Versions",
}


def study_page(conclusions: Conclusions) -> str:
    """The page of one study."""
    records, progress = conclusions.records, conclusions.progress
    study, trials = records.study, records.trials
    failed = trials.loc[trials["outcome"] == FAILED]
    parts = variant_parts(conclusions)
    findings = claim_findings([conclusions])
    context = {
        "name": study["name"],
        "question": study["question"],
        "modalities": " and ".join(study["modalities"]),
        "variants": study["variants"],
        "lambdas": ", ".join(f"{lambda_:g}" for lambda_ in study["lambdas"]),
        "first": f"{study['lambdas'][0]:g}",
        "confidence": f"{100 * CONFIDENCE:g} %",
        "margin": margin_in_words(study["definition"]["margin"]),
        "trial_count": f"{len(trials)} {'trial' if len(trials) == 1 else 'trials'} recorded",
        "num_seeds": study["definition"]["seeds"],
        "progress": progress,
        "variants_with_scores": parts,
        "decision_pictures": _pictures(conclusions.drawings, "lambda_star", "gain_at_lambda_star"),
        "decision_table": decision_page_table(conclusions.decisions) if conclusions.decided else None,
        "curve_pictures": _pictures(conclusions.drawings, "gain_by_lambda"),
        "information": information_part(conclusions),
        "claims": claim_part(claim_summary(findings), findings),
        "chosen": chosen_table(records),
        "search": search_table(progress) if len(trials) else None,
        "search_pictures": _pictures(conclusions.drawings, "survivors", "importance", "parallel_coordinates"),
        "search_tables": [] if conclusions.importance.empty else [importance_table(conclusions.importance)],
        "failures": failure_table(failed, _MOST_FAILURES),
        "errors": _errors(failed),
        "origin": _origin(records),
        "definition": json.dumps(study["definition"], indent=2, ensure_ascii=False),
    }
    return render("study.html", context | {"contents": _contents(context)})


def _contents(context: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Anchors and titles of the sections that the page has."""
    sections = (
        ("answer", "The answer", "variants_with_scores"),
        ("curves", "Curves", "variants_with_scores"),
        ("information", "Information", "information"),
        ("claims", "The paper's claims", "claims"),
        ("chosen", "Hyperparameters", "chosen"),
        ("search", "The search", "search"),
        ("failures", "Failures", None),
        ("origin", "Where this comes from", None),
    )
    return [(anchor, title) for anchor, title, needed in sections if needed is None or context[needed]]


def _pictures(drawings: Mapping[str, Drawing], *names: str) -> list[Picture]:
    return [picture(drawings[name], name) for name in names if name in drawings]


def _errors(failed: pd.DataFrame) -> list[dict[str, str]]:
    """The whole text of the most frequent errors."""
    counts = failed["error"].dropna().value_counts()
    shown = counts.head(_MOST_ERRORS)
    return [{"title": f"Whole text of an error of {count} trials", "text": str(text)} for text, count in shown.items()]


def _origin(records: StudyRecords) -> list[tuple[str, str]]:
    """Under which circumstances the study ran, whatever of it was noted down."""
    noted = dict(records.circumstances)
    if VERSIONS in noted:
        noted[VERSIONS] = ", ".join(f"{name} {version}" for name, version in json.loads(noted[VERSIONS]).items())
    rows = [(title, noted.pop(name)) for name, title in _ORIGIN_TITLES.items() if name in noted]
    label_of = {name: label for label, name in recorded_names(records.study["definition"]["variants"]).items()}
    rows += [(_title(name, label_of), value) for name, value in noted.items()]
    for title, when in (("Started", records.started), ("Ended", records.ended)):
        if when is not None:
            rows.append((title, f"{when:%Y-%m-%d %H:%M} UTC"))
    rows.append(("MLflow run", records.parent_run_id))
    return rows


def _title(name: str, label_of: Mapping[str, str]) -> str:
    variant = data_tag_variant(name)
    return name.replace("_", " ").capitalize() if variant is None else f"Data digest, {label_of.get(variant, variant)}"

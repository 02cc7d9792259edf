"""From what MLflow holds to a folder of pages: one for each study, and one that compares them.

python -m analysis.report --tracking-uri sqlite:///mlflow.db --experiments synthetic avmnist --out report
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import tyro

from analysis.claim_summary import claim_markdown
from analysis.comparison_page import Comparison, StudyLink, compare, comparison_page
from analysis.conclusions import Conclusions, conclude_records, save_conclusions, save_tables_and_figures
from analysis.connection import TrackingServerError, masked
from analysis.records import StudyRecords, experiments_with_studies, read_studies
from analysis.study_page import study_page

PAGE = "report.html"


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Which records, and where the pages go."""

    tracking_uri: str = "sqlite:///mlflow.db"
    """MLflow's tracking store: a database URI or the address of a server."""
    experiments: tuple[str, ...] | None = None
    """The experiments to report on, each with all its studies that were not superseded; all where not given."""
    out: Path = Path("report")
    """Folder for the pages, the figures and their data."""


def main() -> None:
    """Write the report as the command line asks; leaves with 2 where there is nothing to report on."""
    options = tyro.cli(ReportOptions, description="One HTML page a study, and one that compares them.")
    try:
        index = write_report(options)
    except (ValueError, TrackingServerError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    print(f"report: {index.resolve().as_uri()}")


def write_report(options: ReportOptions) -> Path:
    """Write the pages, figures and tables; returns the page that leads to the others.

    Raises ValueError for a store or an experiment that does not exist or holds no study, and TrackingServerError for a
    server that is out of reach or refuses.
    """
    experiments = options.experiments or experiments_with_studies(options.tracking_uri)
    if not experiments:
        raise ValueError(f"{masked(options.tracking_uri)} holds no study")
    studies = []
    for experiment in experiments:
        found = read_studies(options.tracking_uri, experiment)
        if not found:
            raise ValueError(f"experiment {experiment!r} in {masked(options.tracking_uri)} holds no study")
        studies += found
    return write_pages(studies, options.out)


def write_pages(studies: Sequence[StudyRecords], folder: Path) -> Path:
    """Write the page of each study and the one that compares them to `folder`; returns the latter."""
    concluded = [conclude_records(records) for records in studies]
    for conclusions in concluded:
        write_study(conclusions, folder / folder_name(conclusions.records))
    return write_comparison(compare(concluded), folder)


def write_study(conclusions: Conclusions, folder: Path) -> Path:
    """Write one study's page with its figures and tables to `folder`; returns the page."""
    save_conclusions(conclusions, folder)
    page = folder / PAGE
    page.write_text(study_page(conclusions), encoding="utf-8")
    return page


def write_comparison(comparison: Comparison, folder: Path) -> Path:
    """Write the page that compares studies, with its tables and figures, to `folder`; returns the page."""
    save_tables_and_figures(comparison.tables, comparison.drawings, folder / "comparison")
    claims = claim_markdown(comparison.tables["claims"])
    (folder / "comparison" / "claims.md").write_text(claims, encoding="utf-8")
    links = [
        StudyLink(
            name=conclusions.records.label,
            question=conclusions.records.study["question"],
            kind="REHEARSAL" if conclusions.progress.is_rehearsal else conclusions.progress.kind,
            headline=conclusions.progress.headline,
            page=f"{quote(folder_name(conclusions.records))}/{PAGE}",
        )
        for conclusions in comparison.studies
    ]
    index = folder / "index.html"
    index.write_text(comparison_page(comparison, links), encoding="utf-8")
    return index


def folder_name(records: StudyRecords) -> str:
    """A name for the study's files that any file system takes."""
    return re.sub(r"[^\w.-]+", "-", records.label).strip("-.") or "study"


if __name__ == "__main__":
    main()

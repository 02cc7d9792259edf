"""From what MLflow holds to a folder of pages: one for each study, and one that compares them.

python -m analysis.report --tracking-uri sqlite:///mlflow.db --experiments synthetic avmnist --out report
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from analysis.conclusions import Conclusions, conclude_records, save_conclusions
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
    except ValueError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    print(f"report: {index.resolve().as_uri()}")


def write_report(options: ReportOptions) -> Path:
    """Write the pages, figures and tables; returns the page that leads to the others.

    Raises ValueError for a store or an experiment that does not exist or holds no study.
    """
    experiments = options.experiments or experiments_with_studies(options.tracking_uri)
    if not experiments:
        raise ValueError(f"{options.tracking_uri} holds no study")
    studies = []
    for experiment in experiments:
        found = read_studies(options.tracking_uri, experiment)
        if not found:
            raise ValueError(f"experiment {experiment!r} in {options.tracking_uri} holds no study")
        studies += found
    concluded = [conclude_records(records) for records in studies]
    for conclusions in concluded:
        write_study(conclusions, options.out / folder_name(conclusions.records))
    return options.out


def write_study(conclusions: Conclusions, folder: Path) -> Path:
    """Write one study's page with its figures and tables to `folder`; returns the page."""
    save_conclusions(conclusions, folder)
    page = folder / PAGE
    page.write_text(study_page(conclusions), encoding="utf-8")
    return page


def folder_name(records: StudyRecords) -> str:
    """A name for the study's files that any file system takes."""
    return re.sub(r"[^\w.-]+", "-", records.label).strip("-.") or "study"


if __name__ == "__main__":
    main()

"""The command that reports on what MLflow holds.

python -m analysis.report --tracking-uri sqlite:///mlflow.db --experiments synthetic avmnist --out report
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from analysis.comparison import compare
from analysis.conclusions import conclude_records
from analysis.connection import TrackingServerError, masked
from analysis.records import experiments_with_studies, read_studies
from analysis.report.folder import write_pages


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
    return write_pages(compare([conclude_records(records) for records in studies]), options.out)


if __name__ == "__main__":
    main()

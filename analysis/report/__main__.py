"""The command that reports on what MLflow holds.

python -m analysis.report --tracking-uri sqlite:///mlflow.db --experiments synthetic avmnist --out report
"""

import io
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from analysis.comparison import Comparison, compare
from analysis.conclusions import conclude_records
from analysis.connection import masked, tracking_store
from analysis.home import usable_home
from analysis.records import experiments_with_studies, read_studies, unreadable_studies
from analysis.report.report_folder import write_pages
from analysis.tracking_store import folder_fault
from trainables.config import Refused
from trainables.garbage import seldom_searched


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Which records, and where the pages go."""

    tracking_uri: str | None = None
    """MLflow's tracking store, a database URI or the address of a server; MLFLOW_TRACKING_URI, or else
    sqlite:///mlflow.db, where not given."""
    experiments: tuple[str, ...] | None = None
    """The experiments to report on, each with all its studies that were not superseded; all where not given."""
    out: Path = Path("report")
    """Folder for the pages, the figures and their data."""


def main() -> None:
    """Write the report as the command line asks; leaves with 2 where there is nothing to report on."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # no name ends a command whose log file lacks its letters
    options = tyro.cli(ReportOptions, description="One HTML page a study, and one that compares them.")
    try:
        with seldom_searched(), usable_home():
            _report(options)
    except Refused as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def _report(options: ReportOptions) -> None:
    uri, origin = tracking_store(options.tracking_uri)
    print(f"reading {masked(uri)} ({origin})")
    if fault := folder_fault(options.out.absolute()):
        raise Refused(f"--out {options.out}: {fault}")
    comparison = recorded_comparison(options)
    page = write_pages(comparison, options.out)
    for study in comparison.left_out:
        print(study)
    print(f"report: {page.resolve().as_uri()}")


def recorded_comparison(options: ReportOptions) -> Comparison:
    """What the recorded studies say together; those that another schema recorded are left out.

    Raises Refused for a store or an experiment that does not exist or holds no study, or none that can be read, and
    TrackingServerError for a server that is out of reach or refuses.
    """
    uri, _ = tracking_store(options.tracking_uri)
    experiments = options.experiments or experiments_with_studies(uri)
    if not experiments:
        raise Refused(f"{masked(uri)} holds no study")
    studies, left_out = [], []
    for experiment in dict.fromkeys(experiments):
        found = read_studies(uri, experiment)
        unreadable = unreadable_studies(uri, experiment)
        if not found and not unreadable:
            raise Refused(f"experiment {experiment!r} in {masked(uri)} holds no study")
        studies += found
        left_out += unreadable
    if not studies:
        raise Refused("\n".join(map(str, left_out)))
    return compare([conclude_records(records) for records in studies], left_out)


if __name__ == "__main__":
    main()

"""From records to conclusions: what to do with each encoder, the law across studies, tables, figures.

Reads what was recorded.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.decision import Decision, decide, decision_table, study_decisions
    from analysis.optimum import OptimalLambda, mean_curves, optimal_lambda
    from analysis.records import StudyRecords, read_studies, read_study
    from analysis.redundancy import Forecast, RedundancyLaw, encoder_points, law_summary

__all__ = [
    "Decision",
    "Forecast",
    "OptimalLambda",
    "RedundancyLaw",
    "StudyRecords",
    "decide",
    "decision_table",
    "encoder_points",
    "law_summary",
    "mean_curves",
    "optimal_lambda",
    "read_studies",
    "read_study",
    "study_decisions",
]

# These bring pandas and scipy along, and `analysis.records.schema` is imported by many who need neither: they are
# imported when they are first asked for.
_LATE = {
    "Decision": "analysis.decision",
    "Forecast": "analysis.redundancy",
    "OptimalLambda": "analysis.optimum",
    "RedundancyLaw": "analysis.redundancy",
    "StudyRecords": "analysis.records",
    "decide": "analysis.decision",
    "decision_table": "analysis.decision",
    "encoder_points": "analysis.redundancy",
    "law_summary": "analysis.redundancy",
    "mean_curves": "analysis.optimum",
    "optimal_lambda": "analysis.optimum",
    "read_studies": "analysis.records",
    "read_study": "analysis.records",
    "study_decisions": "analysis.decision",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)


def __dir__() -> list[str]:
    return __all__

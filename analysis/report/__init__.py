"""The report: one self-contained page a study, and one that compares them, with figures and tables beside them."""

from analysis.report.answers import reservations
from analysis.report.report_folder import folder_name, write_comparison, write_pages, write_study

__all__ = ["folder_name", "reservations", "write_comparison", "write_pages", "write_study"]

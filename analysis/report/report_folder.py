"""From what follows from studies to a folder of pages: one for each study, and one that compares them."""

import re
from pathlib import Path
from urllib.parse import quote

from analysis.claims import claim_markdown
from analysis.comparison import Comparison
from analysis.conclusions import Conclusions, save_conclusions, save_tables_and_figures
from analysis.records import StudyRecords
from analysis.records.schema import shortened
from analysis.report.comparison_page import StudyLink, comparison_page
from analysis.report.study_page import study_page

PAGE = "report.html"
_LONGEST_NAME = 200  # bytes


def write_pages(comparison: Comparison, folder: Path) -> Path:
    """Write the page of each study and the one that compares them to `folder`; returns the latter."""
    for conclusions in comparison.studies:
        write_study(conclusions, folder / folder_name(conclusions.records))
    return write_comparison(comparison, folder)


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
    return shortened(re.sub(r"[^\w.-]+", "-", records.label).strip("-.") or "study", _LONGEST_NAME)

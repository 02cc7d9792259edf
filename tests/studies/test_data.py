"""A study is held to the data that it began with."""

from pathlib import Path

import pytest

from studies.engine.data import require_same_content
from studies.engine.journal import JournalError


def test_the_same_data_and_further_variants_are_taken(tmp_path: Path) -> None:
    require_same_content(str(tmp_path), {"a": "1", "generated": None})
    require_same_content(str(tmp_path), {"a": "1", "b": "2", "generated": None})
    require_same_content(str(tmp_path), {"b": "2"})


def test_other_data_are_refused_and_the_first_stay_recorded(tmp_path: Path) -> None:
    require_same_content(str(tmp_path), {"a": "1"})
    for _ in range(2):
        with pytest.raises(JournalError, match=r"a: expected the data that this study began with \(SHA-256 1\), got"):
            require_same_content(str(tmp_path), {"a": "2"})

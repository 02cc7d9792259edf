from pathlib import Path

import pytest

from studies.engine.recording.journal import JournalError
from studies.engine.recording.stored import StoredValues


def test_what_was_written_is_read_until_it_is_deleted(tmp_path: Path) -> None:
    stored = StoredValues(str(tmp_path), "values")
    assert stored.read() == {}
    stored.write({"name": "one", "number": 0.1})
    assert StoredValues(str(tmp_path), "values").read() == {"name": "one", "number": 0.1}
    stored.delete()
    assert stored.read() == {}


def test_a_file_cut_short_is_named_with_the_way_out(tmp_path: Path) -> None:
    stored = StoredValues(str(tmp_path), "values")
    stored.write({"name": "one"})
    file = tmp_path / "values.json"
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(JournalError, match=r"values\.json is damaged .* Remove that file"):
        stored.read()

"""The pages of a report on disk: from a real store with studies in every state, and where they lie."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.comparison import compare
from analysis.conclusions import Conclusions
from analysis.report import folder_name, write_comparison
from analysis.report.__main__ import ReportOptions, main, write_report


def test_a_folder_has_a_name_that_any_file_system_takes(conclusions: Conclusions) -> None:
    study = {**conclusions.records.study, "name": "../a b/<c>"}
    assert folder_name(replace(conclusions.records, study=study, circumstances={})) == "a-b-c"


def test_a_report_from_a_store_in_every_state(writer: Any, uri: str, tmp_path: Path) -> None:
    """A study with three λ half done, one that failed, and one that never began."""
    experiment = writer.client.create_experiment("states")
    definition = {"definition": {"configurations": 1, "search_space": {"learning_rate": [0.01]}}}
    half = writer.study(experiment, "half", study=definition)
    metrics = {f"test/accuracy/{name}/seed_{seed}": 0.5 for name in ("vision", "audio") for seed in (0, 1)}
    for strength in (0.0, 2.0):
        writer.trial(experiment, half, stage="search", strength=strength, metrics={"accuracy/best": 0.5}, epochs=9)
        writer.trial(experiment, half, strength=strength, metrics=metrics | {"accuracy/best": 0.5}, epochs=9)
    failed = writer.study(experiment, "failed", study=definition, status="FAILED")
    error = "ValueError: <b>no</b>"
    writer.trial(experiment, failed, stage="search", outcome="failed", error=error, metrics={})
    writer.study(experiment, "empty", status="KILLED")
    index = write_report(ReportOptions(tracking_uri=uri, experiments=("states",), out=tmp_path))
    html = index.read_text(encoding="utf-8")
    for state, page in (("running", "half"), ("failed", "failed"), ("empty", "empty")):
        assert f'<span class="chip">{state}</span><a href="clips-{page}/report.html">' in html
    assert "2 of 6 λ have a result" in (tmp_path / "clips-half" / "report.html").read_text(encoding="utf-8")
    of_failed = (tmp_path / "clips-failed" / "report.html").read_text(encoding="utf-8")
    assert "every configuration failed at R = 8 λ = 0" in of_failed
    assert "&lt;b&gt;no&lt;/b&gt;" in of_failed and "<b>no" not in of_failed
    assert "Nothing is recorded" in (tmp_path / "clips-empty" / "report.html").read_text(encoding="utf-8")
    trials = pd.read_csv(tmp_path / "clips-half" / "trials.csv")
    assert len(trials) == 4


def test_the_command_names_what_is_missing(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["--tracking-uri", uri, "--experiments", "typo", "--out", str(out)]
    monkeypatch.setattr("sys.argv", ["analysis.report", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2 and "no experiment 'typo'" in capsys.readouterr().err and not out.exists()


def test_a_study_from_an_older_version_is_still_reported(conclusions: Conclusions, tmp_path: Path) -> None:
    """Recorded without its definition: no law, no claims, but a page."""
    study = json.loads(json.dumps({k: v for k, v in conclusions.records.study.items() if k != "definition"}))
    old = replace(conclusions, records=replace(conclusions.records, study=study))
    assert write_comparison(compare([old]), tmp_path).is_file()

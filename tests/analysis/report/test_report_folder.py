"""The pages of a report on disk: from a real store with studies in every state, and where they lie."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.conclusions import Conclusions
from analysis.report import folder_name, write_pages
from analysis.report.__main__ import ReportOptions, main, recorded_comparison


def test_a_folder_has_a_name_that_any_file_system_takes(conclusions: Conclusions) -> None:
    study = {**conclusions.records.study, "name": "../a b/<c>"}
    assert folder_name(replace(conclusions.records, study=study, circumstances={})) == "a-b-c"


def test_a_report_from_a_store_in_every_state(writer: Any, uri: str, tmp_path: Path) -> None:
    """A study with three λ half done, one that failed, and one that never began."""
    experiment = writer.client.create_experiment("states")
    small = {**writer.declared["definition"], "configurations": 1, "search_space": {"learning_rate": [0.01]}}
    half = writer.study(experiment, "half", study={"definition": small})
    metrics = {f"test/accuracy/{name}/seed_{seed}": 0.5 for name in ("vision", "audio") for seed in (0, 1)}
    for lambda_ in (0.0, 2.0):
        writer.trial(experiment, half, stage="search", lambda_=lambda_, metrics={"accuracy/best": 0.5}, epochs=9)
        writer.trial(experiment, half, lambda_=lambda_, metrics=metrics | {"accuracy/best": 0.5}, epochs=9)
    failed = writer.study(experiment, "failed", study={"definition": small}, status="FAILED")
    error = "ValueError: <b>no</b>"
    writer.trial(experiment, failed, stage="search", outcome="failed", error=error, metrics={})
    writer.study(experiment, "empty", status="KILLED")
    comparison = recorded_comparison(ReportOptions(tracking_uri=uri, experiments=("states",)))
    index = write_pages(comparison, tmp_path)
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


@pytest.mark.parametrize("out", ["file", "file/deeper", "a" * 300])
def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], out: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(
        "sys.argv", ["analysis.report", "--tracking-uri", "http://host:x", "--out", f"{tmp_path}/{out}"]
    )
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2 and f"--out {tmp_path}/{out}: " in capsys.readouterr().err


def test_the_command_reads_where_mlflow_is_said_to_be(
    writer: Any, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    writer.study(writer.client.create_experiment("named"), "abc")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setattr("sys.argv", ["analysis.report", "--out", str(tmp_path / "out"), "--experiments", "named"])
    main()
    said = capsys.readouterr().out
    assert said.startswith(f"reading {uri} (MLFLOW_TRACKING_URI)\n") and (tmp_path / "out" / "index.html").is_file()
    monkeypatch.setattr("sys.argv", ["analysis.report", "--tracking-uri", "sqlite:///none.db"])
    with pytest.raises(SystemExit):
        main()
    assert "(--tracking-uri)" in capsys.readouterr().out


def test_a_long_name_is_cut_and_the_identity_still_tells_studies_apart(conclusions: Conclusions) -> None:
    study = {**conclusions.records.study, "name": "ध" * 300}
    names = [
        folder_name(replace(conclusions.records, study=study, circumstances={"identity": identity}))
        for identity in ("abc", "abd")
    ]
    assert names[0] != names[1] and all(len(name.encode()) <= 200 for name in names)


def test_studies_of_another_schema_are_left_out_and_named(
    writer: Any, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mixed, old = (writer.client.create_experiment(name) for name in ("mixed", "old"))
    writer.study(mixed, "read")
    writer.study(mixed, "left", schema=None)
    writer.study(old, "left", schema="1")
    arguments = ["analysis.report", "--tracking-uri", uri, "--out", str(tmp_path), "--experiments"]
    monkeypatch.setattr("sys.argv", [*arguments, "mixed", "old"])
    main()
    printed = capsys.readouterr().out
    assert "mixed left is left out: it was recorded before schemas" in printed and "old left" in printed
    html = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "clips read" in html and "<strong>old left</strong>: it was recorded by schema 1" in html
    monkeypatch.setattr("sys.argv", [*arguments, "old"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2 and "run the study again" in capsys.readouterr().err

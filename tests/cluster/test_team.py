"""A study of a team: on two nodes, on S3, in MLflow with accounts; refused where somebody has no account."""

import shutil
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.cluster.browser import chromium, compare_children, log_in, text, text_while_scrolled
from tests.cluster.services import RESEARCHER
from tests.cluster.team import FEWEST_TRIALS, Team

STORAGE = "whole"


@pytest.fixture(scope="module")
def whole(team: Team) -> str:
    """What the study printed."""
    code, output = team.run(STORAGE, "--fresh")
    assert code == 0, output
    return output


def test_a_study_on_two_nodes_equals_the_one_alone(team: Team, whole: str, undisturbed: dict[str, dict]) -> None:
    assert "2 CPUs" in whole and "the decision for each encoder" in whole
    assert team.records(STORAGE) == undisturbed
    assert len(undisturbed) >= FEWEST_TRIALS
    team.assert_tidy(STORAGE)


@pytest.mark.parametrize(
    ("name", "variables", "answer", "advice"),
    [
        ("127.0.0.1", {"MLFLOW_TRACKING_PASSWORD": "wrong"}, "401", "MLFLOW_TRACKING_PASSWORD"),
        ("localhost", {}, "403", "--allowed-hosts"),
        ("nowhere.invalid", {}, "nowhere.invalid", "Check the address"),
    ],
)
def test_a_server_that_refuses_ends_the_command_before_any_trial(
    team: Team, name: str, variables: dict[str, str], answer: str, advice: str
) -> None:
    code, output = team.run(name, tracking_uri=f"http://{name}:{team.tracking.port}", **variables)
    assert code == 2, output
    assert f"MLflow at http://{name}:{team.tracking.port}" in output
    assert answer in output and advice in output and "Traceback" not in output
    assert not team.records(name) and not [place for place in team.files(name) if "/tune-" in place]


def test_credentials_in_an_address_are_shown_to_nobody(team: Team) -> None:
    username, password = "someone", "never-to-be-seen"
    uri = f"http://{username}:{password}@127.0.0.1:{team.tracking.port}"
    code, output = team.run("masked", tracking_uri=uri, MLFLOW_TRACKING_USERNAME="", MLFLOW_TRACKING_PASSWORD="")
    assert code == 2 and "401" in output and "://***@127.0.0.1" in output
    assert password not in output


@pytest.fixture
def browser(tmp_path: Path):
    programs = shutil.which("chromium"), shutil.which("chromedriver")
    with chromium(tmp_path / "profile", *programs) as running:
        yield running


def test_without_an_account_the_ui_shows_nothing(team: Team, whole: str, browser: Chrome) -> None:
    browser.get(team.tracking.uri)
    assert "synthetic" not in browser.page_source
    assert text(browser) == ""  # not even the page's frame


def test_the_researcher_compares_runs_in_the_browser(team: Team, whole: str, browser: Chrome) -> None:
    (parent,) = (run for run in team.runs(STORAGE) if run.data.tags["role"] == "study")
    confirmed = [record for key, record in team.records(STORAGE).items() if key.startswith("confirm")]
    condition = f"tags.stage = 'confirm' and tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    log_in(browser, team.tracking.uri, RESEARCHER)
    compare_children(browser, team.tracking.uri, parent.info.experiment_id, condition, len(confirmed))
    shown = text(browser)
    details = shown[shown.index("Run details") :]
    assert "Parameters" in details and "accuracy/best" in details
    (strengths,) = (line.split()[1:] for line in details.splitlines() if line.startswith("lambda "))
    trained = [record["parameters"]["lambda"] for record in confirmed]
    assert sorted(map(float, strengths)) == sorted(trained) and set(trained) == {0, 0.5, 2}  # a trial for each round
    metrics = text_while_scrolled(browser)
    for record in confirmed:
        assert f"R=4 λ={record['parameters']['lambda']:g} confirm" in details
        assert str(round(record["reports"][-1][1]["test/accuracy/modality_1"], 3)) in metrics

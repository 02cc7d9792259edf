"""The command as people type it, with the sources' own addresses."""

import hashlib
import io
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from typing import get_args, get_type_hints

import numpy as np
import pytest
from rich.console import Console

from trainables.config import AffectData, AvMnistData
from trainables.data import MissingDataError, load, require
from trainables.data.affect.affect_files import DATASETS as AFFECT_DATASETS
from trainables.data.download import transfer_display as display_module
from trainables.data.download.__main__ import DownloadOptions, download, main
from trainables.data.download.fetching import Patience
from trainables.data.download.sources import DATASETS, FSDD, MNIST, DriveFile, DriveFolder
from trainables.data.download.transfer_display import TransferDisplay

HASTE = Patience(connect_seconds=5, stall_seconds=5, num_attempts=2, pause_seconds=0)
CONFIGURATIONS = {"avmnist": AvMnistData(), **{name: AffectData(dataset=name) for name in AFFECT_DATASETS}}
ARCHIVE = FSDD.files[0].sources[0]
HTML = {"Content-Type": "text/html"}


def names(path) -> set[str]:
    """All files below a folder, locks left out."""
    return {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file() and file.name != ".download.lock"}


@pytest.fixture
def real_internet(internet, answer, shared_data):
    """The real files where the world has them; GitHub gives its archives from another host, of no stated length."""
    for file in MNIST.files:
        content = (shared_data / file.paths[-1]).read_bytes()
        internet.answers |= {url: [answer(content=content)] for url in file.sources}
    packed = (shared_data / FSDD.files[0].paths[-1]).read_bytes()
    elsewhere = "https://codeload.github.com/Jakobovski/free-spoken-digit-dataset/tar.gz/refs/tags/v1.0.10"
    internet.answers[ARCHIVE] = [answer(status=302, headers={"Location": elsewhere})]
    internet.answers[elsewhere] = [answer(content=packed, ranges=False, headers={"Content-Length": None})]
    return internet


def test_it_knows_each_data_set_that_has_files():
    assert set(get_args(get_args(get_type_hints(DownloadOptions, include_extras=True)["dataset"])[0])) == set(DATASETS)
    assert set(DATASETS) == set(CONFIGURATIONS)


@pytest.mark.parametrize("dataset", DATASETS)
def test_files_go_where_they_are_looked_for(dataset, tmp_path):
    for collection in DATASETS[dataset]:
        for file in collection.files:
            with pytest.raises(MissingDataError, match=re.escape(f"download {dataset} --data-dir {tmp_path}")):
                require(CONFIGURATIONS[dataset], tmp_path)
            (tmp_path / file.paths[-1]).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file.paths[-1]).touch()
    require(CONFIGURATIONS[dataset], tmp_path)


def test_a_file_that_it_does_not_fetch_is_not_said_to_be_fetched(tmp_path):
    with pytest.raises(MissingDataError) as caught:
        require(AffectData(dataset="mosei", file="mosei_raw.pkl"), tmp_path)
    assert "https://drive.google.com/drive/folders/" in str(caught.value)
    assert "download mosei" not in str(caught.value)


def test_avmnist_is_fetched_and_then_nothing_more_is_asked_for(real_internet, tmp_path, capsys):
    # The first mirror of one file breaks off, that of another is gone.
    first, second = MNIST.files[:2]
    whole = real_internet.answers[first.sources[0]][0]
    real_internet.answers[first.sources[0]] = [type(whole)(content=whole.content, stop_after=5_000_000), whole]
    del real_internet.answers[second.sources[0]]
    assert main(["avmnist", "--data-dir", str(tmp_path)], HASTE) == 0
    printed = capsys.readouterr().out
    assert "MNIST: 11.6 MB; licence: CC BY-SA 3.0" in printed
    assert "v1.0.10: 15.6 MB; licence: CC BY-SA 4.0" in printed
    assert f"{second.sources[0]}: answers 404" in printed
    assert printed.count("fetched, SHA-256 as expected") == 5
    assert names(tmp_path) == {file.paths[-1] for file in (*MNIST.files, *FSDD.files)}
    require(AvMnistData(), tmp_path)
    num_requests = len(real_internet.requests)
    assert main(["avmnist", "--data-dir", str(tmp_path)], HASTE) == 0
    assert capsys.readouterr().out.count("already there, SHA-256 as expected") == 5
    assert len(real_internet.requests) == num_requests


def test_killed_at_any_time_it_goes_on(internet, answer, tmp_path, shared_data, repository):
    file = MNIST.files[0]
    content = (shared_data / file.paths[-1]).read_bytes()
    whole = answer(content=content)
    internet.answers[file.sources[0]] = [answer(content=content, stall_after=5_000_000), whole]
    command = [sys.executable, "-m", "trainables.data.download", "avmnist", "--data-dir", str(tmp_path)]
    part = tmp_path / f"{file.paths[-1]}.part"
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(repository)}) as process:
        deadline = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size > 1_000_000):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / file.paths[-1]).exists()
    kept = part.stat().st_size
    assert main(["avmnist", "--data-dir", str(tmp_path)], HASTE) == 1  # there is nothing but this file
    assert (f"bytes={kept}-", '"1"') in internet.ranges
    assert (tmp_path / file.paths[-1]).read_bytes() == content
    assert not part.exists()


def drive_addresses(dataset: str) -> tuple[str, str, str]:
    """Addresses of the folder's listing, of the file in it, and of the file by the id that is known."""
    folder, single = DATASETS[dataset][0].files[0].sources
    assert isinstance(folder, DriveFolder) and isinstance(single, DriveFile)
    return (
        f"https://drive.google.com/embeddedfolderview?id={folder.id}",
        f"https://drive.google.com/uc?id={'4' * 33}",
        f"https://drive.google.com/uc?id={single.id}",
    )


def affect_pickle() -> bytes:
    """Two classes in the form of MultiBench, small."""
    draw = np.random.default_rng(0)
    return pickle.dumps(
        {
            split: {name: draw.normal(size=(12, 4, 3)) for name in ("vision", "audio", "text")}
            | {"labels": draw.choice([-1.0, 1.0], size=(12, 1))}
            for split in ("train", "valid", "test")
        }
    )


def folder_page(name: str) -> bytes:
    link = f"https://drive.google.com/file/d/{'4' * 33}/view"
    return f'<html><head><title>Folder</title></head><body><a href="{link}">{name}</a></body></html>'.encode()


def test_mustard_is_fetched_from_the_folder_of_multibench(internet, answer, tmp_path, capsys):
    content = affect_pickle()
    given = {"Content-Type": "application/octet-stream", "Content-Disposition": 'attachment; filename="sarcasm.pkl"'}
    listing, listed, _ = drive_addresses("mustard")
    internet.answers |= {
        listing: [answer(content=folder_page("sarcasm.pkl"), headers=HTML)],
        listed: [answer(content=content, headers=given)],
    }
    assert main(["mustard", "--data-dir", str(tmp_path)], HASTE) == 0
    digest = hashlib.sha256(content).hexdigest()
    printed = capsys.readouterr().out
    assert "MUStARD, as features by MultiBench: size not known beforehand; licence: MIT" in printed
    assert f"no published SHA-256 is known, found {digest}, kept in sarcasm.pkl.sha256" in printed
    assert names(tmp_path) == {"mustard/sarcasm.pkl", "mustard/sarcasm.pkl.sha256"}
    assert len(load(AffectData(dataset="mustard"), tmp_path).train) == 12
    subprocess.run(["sha256sum", "-c", "sarcasm.pkl.sha256"], cwd=tmp_path / "mustard", check=True)
    assert main(["mustard", "--data-dir", str(tmp_path)], HASTE) == 0
    assert "already there, SHA-256 as expected" in capsys.readouterr().out


def test_a_page_of_google_drive_under_the_name_of_the_file_is_refused(internet, answer, tmp_path, capsys):
    listing, listed, single = drive_addresses("mosei")
    quota = b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head></html>"
    given = {"Content-Type": "text/html", "Content-Disposition": 'attachment; filename="mosei_senti_data.pkl"'}
    internet.answers |= {
        listing: [answer(content=folder_page("mosei_senti_data.pkl"), headers=HTML)],
        listed: [answer(content=quota, headers=given)],
        single: [answer(content=affect_pickle()[:-10], headers=given)],
    }
    assert main(["mosei", "--data-dir", str(tmp_path)], HASTE) == 1
    printed = capsys.readouterr().out
    assert "found an HTML page called 'Google Drive - Quota exceeded'" in printed
    assert "it is cut short" in printed
    assert names(tmp_path) == set()


@pytest.mark.parametrize("dataset", DATASETS)
def test_without_a_network_it_says_what_to_fetch_by_hand_and_where_to_put_it(dataset, no_network, tmp_path, capsys):
    assert main([dataset, "--data-dir", str(tmp_path)], Patience(pause_seconds=3600)) == 1
    printed = capsys.readouterr().out
    files = [file for collection in DATASETS[dataset] for file in collection.files]
    assert printed.count("cannot be reached (the proxy: Connection refused)") == sum(
        len(file.sources) for file in files
    )
    by_hand = printed.split("By hand")[1]
    for file in files:
        assert f"save as {tmp_path / file.paths[-1]}\n" in by_hand
        for source in file.sources:
            assert (source if isinstance(source, str) else source.id) in by_hand
    if dataset != "avmnist":
        name = files[0].paths[-1].split("/")[1]
        assert (
            f"from https://drive.google.com/drive/folders/{files[0].sources[0].id} ({name} in this folder)" in by_hand
        )


def test_other_digits_than_mnists_are_refused(internet, answer, generated_data, tmp_path, capsys):
    for file in MNIST.files:
        content = (generated_data / file.paths[0]).read_bytes()
        internet.answers |= {url: [answer(content=content)] for url in file.sources}
    assert main(["avmnist", "--data-dir", str(tmp_path)], HASTE) == 1
    printed = capsys.readouterr().out
    for file in MNIST.files:
        assert printed.count(f"expected the SHA-256 {file.sha256}, found ") == 2  # each of the mirrors
    assert names(tmp_path) == set()


def test_a_wrong_file_in_its_place_is_said_and_the_others_are_seen_to(no_network, generated_data, tmp_path, capsys):
    wrong = MNIST.files[3].paths[-1]
    (tmp_path / wrong).parent.mkdir()
    (tmp_path / wrong).write_bytes((generated_data / MNIST.files[3].paths[0]).read_bytes())
    assert main(["avmnist", "--data-dir", str(tmp_path)], HASTE) == 1
    printed = capsys.readouterr().out
    assert f"{tmp_path / wrong} is there, but not right; move it away" in printed
    assert printed.count("save as") == 4
    assert f"save as {tmp_path / wrong}" not in printed


def test_a_wrong_file_in_its_place_is_a_failure_by_itself(tmp_path, capsys):
    path = tmp_path / "mustard/sarcasm.pkl"
    path.parent.mkdir()
    path.write_bytes(affect_pickle()[:-10])
    assert main(["mustard", "--data-dir", str(tmp_path)], HASTE) == 1
    printed = capsys.readouterr().out
    assert f"{path} is there, but not right; move it away" in printed
    assert "By hand" not in printed


def test_a_full_disk_is_said_and_ends_it(internet, answer, tmp_path, capsys):
    for file in MNIST.files:
        internet.answers |= {url: [answer(content=b"some")] for url in file.sources}
    (tmp_path / "mnist").mkdir()
    part = tmp_path / f"{MNIST.files[0].paths[-1]}.part"
    part.symlink_to("/dev/full")
    assert main(["avmnist", "--data-dir", str(tmp_path)], HASTE) == 1
    printed = capsys.readouterr().out
    assert f"No space left on device: '{part}'" in printed
    assert "run the same command again" in printed
    assert len(internet.requests) == 1


@pytest.mark.parametrize("arguments", [[], ["iemocap"], ["avmnist", "--data"], ["avmnist", "mosei"]])
def test_a_bad_command_line_is_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "python -m trainables.data.download --help" in capsys.readouterr().err


def test_in_a_terminal_a_bar_is_drawn_and_lines_stand_above_it(internet, answer, tmp_path):
    *_, single = drive_addresses("mustard")
    internet.answers[single] = [answer(content=affect_pickle(), headers=HTML | {"Content-Disposition": "attachment"})]
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with TransferDisplay(console) as display:
        assert download("mustard", tmp_path, HASTE, display) == 0
    drawn = console.file.getvalue()
    assert "sarcasm.pkl" in drawn and "━" in drawn
    assert re.search(r"is not listed: .*404", drawn)


def test_elsewhere_a_line_now_and_then_tells_of_the_progress(monkeypatch):
    monkeypatch.setattr(display_module.time, "monotonic", iter([0.0, 9.0, 10.0, 10.0, 11.0]).__next__)
    console = Console(file=io.StringIO(), width=40)
    with TransferDisplay(console) as display:
        report = display.transfer("[file].pkl")
        report(1_000, 3_000_000)
        report(2_000_000, 3_000_000)
        report(3_000_000, 3_000_000)
    assert console.file.getvalue() == "  [file].pkl: 2.0 MB of 3.0 MB\n"

"""Folders are folders, whatever characters they have, and URIs are URIs."""

from pathlib import Path

import pytest

from studies.engine.recording.places import absolute_place, below, is_uri, without_parameters

FOLDERS = ["runs", "/home/me/why?/runs", "/home/me/50%20x", "a#b", "a:b/c", "2024://x", "/x://y", "./s3://bucket"]
URIS = ["s3://bucket/runs", "s3://bucket?endpoint_override=host:1&scheme=http", "gs://bucket/50%20x"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_stays_what_it_is(folder: str) -> None:
    assert not is_uri(folder)
    assert without_parameters(folder) == folder
    assert below(folder, "name?") == f"{folder}/name?"
    assert absolute_place(folder) == str(Path.cwd() / folder)


@pytest.mark.parametrize("uri", URIS)
def test_a_uri_stays_what_it_is(uri: str) -> None:
    assert is_uri(uri) and absolute_place(uri) == uri
    assert without_parameters(uri) == uri.split("?")[0]


def test_a_uri_of_a_file_is_a_folder() -> None:
    folder = Path("/home/me/50%20x/why?/a#b c")
    assert absolute_place(folder.as_uri()) == str(folder)
    assert absolute_place("file:///home/me/50%20x") == "/home/me/50 x"


@pytest.mark.parametrize(
    ("root", "name", "found"),
    [
        ("/runs/", "name", "/runs/name"),
        ("s3://bucket/runs", "name", "s3://bucket/runs/name"),
        ("s3://bucket?endpoint_override=host:1", "name", "s3://bucket/name?endpoint_override=host:1"),
        ("s3://bucket/runs/", "why? 50%", "s3://bucket/runs/why%3F%2050%25"),
    ],
)
def test_a_place_below_another_keeps_its_parameters(root: str, name: str, found: str) -> None:
    assert below(root, name) == found

"""Folders are folders, whatever characters they have, and URIs are URIs."""

from pathlib import Path

import pytest

from studies.engine.recording.places import absolute_place, below, is_uri, require_place, without_parameters
from trainables.config import Refused

FOLDERS = ["runs", "/home/me/why?/runs", "/home/me/50%20x", "a#b", "a:b/c", "2024://x", "/x://y", "./s3://bucket"]
URIS = ["s3://bucket/runs", "s3://bucket?endpoint_override=host:1&scheme=http", "s3://bucket/50%20x"]


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


@pytest.mark.parametrize("place", [*FOLDERS, *URIS, "file:///runs", "file://localhost/runs", "./~", "a~", " x"])
def test_what_can_be_meant_is_taken(place: str) -> None:
    require_place(place)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("", "got ''"),
        (" ", "got ' '"),
        ("~/runs", "write \\$HOME"),
        ("~", "write \\$HOME"),
        ("s3:/bucket/runs", "such as s3://bucket/path"),
        ("s3:bucket", "such as s3://bucket/path"),
        ("s3://", "such as s3://bucket/path"),
        ("s3:///runs", "such as s3://bucket/path"),
        ("s3://?scheme=http", "such as s3://bucket/path"),
        ("S3://bucket", "such as s3://bucket/path"),
        ("s3a://bucket", "their S3 interface"),
        ("gs://bucket", "their S3 interface"),
        ("hdfs://host/x", "their S3 interface"),
        ("https://host/x", "their S3 interface"),
        ("file:runs", "their S3 interface"),
        ("file://host/runs", "names another machine"),
    ],
)
def test_what_would_be_another_place_is_refused(place: str, words: str) -> None:
    with pytest.raises(Refused, match=rf"^expected a folder, or a URI .*{words}"):
        require_place(place)


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

import shlex
import subprocess
from pathlib import Path
from subprocess import list2cmdline

import pytest
import tyro
from hypothesis import given, settings
from hypothesis import strategies as st

from k8s.arguments import as_arguments, entrypoint
from studies.engine.commands.archive_study import ArchiveOptions
from studies.engine.options import CommandOptions, Options

WORDS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)
OPTIONS = st.builds(
    CommandOptions,
    gpus_per_trial=st.none() | st.sampled_from([0.0, 0.25, 1.0]),
    cpus_per_trial=st.sampled_from([0.5, 1.0, 2.0]),
    address=st.none() | st.just("auto"),
    data_dir=WORDS.map(Path),
    storage=WORDS.map("s3://{}".format),
    lambdas=st.none() | st.tuples(st.just(0.0), st.floats(0.01, 9)),
    seeds=st.none() | st.integers(1, 9),
    train_samples=st.none() | st.tuples(st.integers(2, 99), st.integers(2, 99)),
    variants=st.none() | st.tuples(WORDS, WORDS.map("R={}".format)),
    quick=st.booleans(),
    rehearse=st.booleans(),
)


@settings(max_examples=25, deadline=None)  # the parser takes tens of milliseconds
@given(OPTIONS)
def test_the_arguments_of_options_are_parsed_into_them_again(options: CommandOptions) -> None:
    assert tyro.cli(CommandOptions, args=as_arguments(options)) == options


def test_what_is_left_at_its_default_is_not_said() -> None:
    assert as_arguments(Options()) == []
    assert as_arguments(Options(quick=True, seeds=3)) == ["--seeds", "3", "--quick"]


def test_options_without_a_default_are_always_said() -> None:
    options = ArchiveOptions(archive=Path("/data/a.npz"), modalities=("text", "audio"))
    assert as_arguments(options) == ["--archive", "/data/a.npz", "--modalities", "text", "audio"]
    assert tyro.cli(ArchiveOptions, args=as_arguments(options)) == options


def shell_words(shell: str, command: str) -> list[str]:
    """The words that a shell makes of a command."""
    printed = subprocess.run([shell, "-c", f"printf '%s\\0' {command}"], capture_output=True, text=True, check=True)
    return printed.stdout.split("\0")[:-1]


@pytest.mark.parametrize("argument", ["R=4", "1024 rows", "a  b", "s3://studies/runs", "α", "REHEARSAL (made up) x"])
def test_an_argument_comes_out_of_both_shells_as_it_went_in(argument: str) -> None:
    # The submitter's shell splits the entrypoint, Ray joins it by list2cmdline, and the head's shell splits it again.
    command = list2cmdline(shell_words("bash", entrypoint(["python", argument])))
    assert shell_words("sh", command) == ["python", argument]


@pytest.mark.parametrize("argument", ["", "$HOME", "a'b", 'a"b c', "`id`", "a\\b", "a;id", "a|b", "(a)", "*", "a\nb"])
def test_an_argument_that_a_shell_would_alter_is_refused(argument: str) -> None:
    with pytest.raises(ValueError, match="a job's command cannot hold the argument"):
        entrypoint(["python", argument])


def test_an_entrypoint_is_one_command() -> None:
    words = ["python", "studies/synthetic.py", "--variants", "R=4"]
    assert shlex.split(entrypoint(words)) == words

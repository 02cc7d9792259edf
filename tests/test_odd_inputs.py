"""The table of odd inputs in docs/robustness.md: each row is held by a test, which is named here."""

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PAGE = (REPOSITORY / "docs/robustness.md").read_text(encoding="utf-8")
TABLE = PAGE.split("## Odd inputs and odd places")[1].split("\n## ")[0]
ROWS = [line.split(" | ")[0].removeprefix("| ") for line in TABLE.splitlines() if re.match(r"\| (?!what \||---)", line)]

ARCHIVE = "tests/trainables/data/archive"
ARCHIVE_ROWS, LABELS = f"{ARCHIVE}/test_archive_rows.py", f"{ARCHIVE}/test_archive_labels.py"
STORE, RUNNING = "tests/analysis/test_tracking_store.py", "tests/studies/test_running.py"
PLACES, OPTIONS = "tests/studies/recording/test_places.py", "tests/studies/test_options.py"
EXIT_CODES, HOME = "tests/studies/commands/test_exit_codes.py", "tests/analysis/test_home.py"

# How a row begins, and the tests of it.
TESTS = {
    "modalities called": ["tests/studies/test_awkward_names.py: the_terminal_says_the_real_names"],
    "a name that is blank": [
        "tests/studies/recording/test_folder_names.py: names_that_cannot_be_read_are_refused_before_anything_is_done"
    ],
    "output to a file or pipe": ["tests/studies/test_printing.py: no_character_ends_a_program"],
    "labels 0., 1., 2.": [f"{LABELS}: whole_numbers_stored_as_real_ones_are_asked_about"],
    "the label `None`": [
        f"{LABELS}: what_may_be_read_in_several_ways_or_not_at_all_is_refused",
        f"{LABELS}: classes_are_read_where_the_meaning_is_certain_and_it_is_said_how",
    ],
    "arrays called": [
        f"{ARCHIVE_ROWS}: lengths_by_another_name_are_refused_where_padding_would_be_trained_on",
        f"{ARCHIVE_ROWS}: splits_and_groups_by_another_name_are_refused",
    ],
    "features of integers": [f"{ARCHIVE_ROWS}: archive_of_another_format_is_refused"],
    "a file that ends in": [
        f"{ARCHIVE_ROWS}: a_file_of_another_kind_is_refused_with_those_that_are_read",
        f"{ARCHIVE_ROWS}: an_archive_is_known_by_its_content_and_not_by_how_its_name_is_written",
    ],
    "a README": [
        f"{ARCHIVE_ROWS}: what_lies_beside_the_arrays_of_an_archive_is_none",
        f"{ARCHIVE}/test_npy_folder.py: a_copy_elsewhere_with_other_files_beside_is_the_same_archive",
    ],
    "tensors that are sparse": [
        f"{ARCHIVE}/test_loaded_arrays.py: "
        "other_kinds_of_floating_point_are_read_and_what_numpy_lacks_is_refused_by_name"
    ],
    "9 test rows": [
        "tests/trainables/data/test_validation.py: few_test_rows_have_fewer_neighbours_and_it_is_said",
        "tests/trainables/data/test_validation.py: fewer_rows_than_can_be_measured_on_are_refused",
    ],
    "60 or 300 classes": [
        "tests/studies/inputs/test_information.py: many_classes_are_merged_into_groups_of_neighbours",
        "tests/studies/inputs/test_information.py: an_estimate_has_a_size_that_is_known_before",
    ],
    "a column of 1e200": [
        f"{ARCHIVE_ROWS}: features_of_any_size_are_read_alike",
        "tests/trainables/data/affect/test_affect_clips.py: numbers_that_float32_cannot_hold_are_refused_by_name",
    ],
    "MMSA's": ["tests/studies/test_real_studies.py: features_of_mmsa_are_a_study_as_they_are"],
    "splits of MMSA's": [f"{ARCHIVE}/test_mmsa_arrays.py: content_of_another_format_is_refused_by_name"],
    "an archive under a password": [f"{ARCHIVE_ROWS}: archives_that_cannot_be_opened_are_refused_with_the_reason"],
    "both modalities are": ["tests/trainables/data/test_validation.py: one_modality_twice_is_said"],
    "`--lambdas nan`": [
        "tests/studies/test_study.py: impossible_studies_are_refused",
        f"{OPTIONS}: contradictory_options_are_refused",
    ],
    "`MLFLOW_TRACKING_URI`": [f"{RUNNING}: it_is_said_where_the_runs_go_and_why"],
    "a tracking URI that MLflow": [
        f"{STORE}: what_mlflow_could_not_use_is_refused",
        "tests/studies/recording/test_first_opening.py: several_that_open_a_new_store_at_once_all_record_in_it",
    ],
    "a tracking URI copied": [f"{STORE}: what_mlflow_could_not_use_is_refused"],
    "three studies that open": [
        "tests/studies/recording/test_first_opening.py: several_that_open_a_new_store_at_once_all_record_in_it"
    ],
    "a SQLite store": [f"{STORE}: a_store_that_was_left_half_made_is_recognised"],
    "`--storage` that is a file": [
        f"{RUNNING}: storage_in_a_file_is_refused_by_name",
        "tests/studies/recording/test_folder.py: what_cannot_hold_a_study_is_refused",
    ],
    "`--storage ''`": [f"{PLACES}: what_would_be_another_place_is_refused"],
    "folders called": [
        "tests/studies/test_run.py: one_seed_at_one_lambda_concludes_what_little_it_can_in_a_folder_of_any_name"
    ],
    "no home": [f"{HOME}: who_has_no_home_gets_one_for_a_while", f"{HOME}: a_report_needs_no_home"],
    "a read-only working folder": [
        "tests/studies/test_read_only_folder.py: "
        "each_place_that_is_in_it_by_default_is_refused_in_one_sentence_and_another_is_taken",
        f"{EXIT_CODES}: a_command_whose_working_folder_is_gone_says_so",
    ],
    "output to a disk": [
        f"{EXIT_CODES}: where_the_output_itself_is_full_it_is_said_on_the_other_one",
        "tests/studies/test_printing.py: something_is_printed_however_wide_it_is_said_to_be",
    ],
    "an encoder, objective": [
        "tests/studies/test_api.py: an_encoder_that_cannot_be_imported_is_refused_before_ray_and_mlflow_begin"
    ],
    "the same through `ray://`": [
        "tests/studies/commands/test_remote.py: what_cannot_be_brought_to_the_cluster_is_refused_here",
        "tests/studies/commands/test_remote.py: a_library_that_is_missing_here_may_be_on_the_head_which_is_asked_first",
    ],
    "a GPU that PyTorch cannot use": [
        "tests/studies/cluster/test_gpu_check.py: a_node_whose_gpus_cannot_be_used_is_named_with_what_pytorch_says"
    ],
}


def test_every_row_has_its_tests_and_every_test_its_row() -> None:
    found = {row: [start for start in TESTS if row.startswith(start)] for row in ROWS}
    assert len(ROWS) == len(TESTS) > 20
    assert {row: starts for row, starts in found.items() if len(starts) != 1} == {}


@pytest.mark.parametrize("start", TESTS)
def test_the_tests_of_a_row_are_there(start: str) -> None:
    for test in TESTS[start]:
        file, name = test.split(": ")
        tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
        assert f"test_{name}" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, test

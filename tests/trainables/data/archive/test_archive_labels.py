import numpy as np
import pytest

from trainables.config import Refused
from trainables.data.archive.archive_labels import read_labels

CODES = np.arange(60) % 3


@pytest.mark.parametrize("kind", [np.int8, np.int64, np.uint16])
def test_integers_are_classes_and_need_no_word(kind):
    for first in (0, 1):
        found = read_labels((CODES + first).astype(kind), None, "here")
        assert (found.task, found.num_classes, found.note) == ("classification", 3, None)
    assert found.y.dtype == np.int64
    np.testing.assert_array_equal(found.y, CODES)


@pytest.mark.parametrize(
    ("label", "codes", "note"),
    [
        (CODES == 1, CODES == 1, "labels: booleans read as 2 classes: False, True"),
        (
            np.array(["sad", "angry", "happy"])[CODES],
            np.array([2, 0, 1])[CODES],
            "words read as 3 classes: angry, happ",
        ),
        (np.array([b"sad", b"angry", b"happy"])[CODES], np.array([2, 0, 1])[CODES], "words read as 3 classes"),
        (CODES * 5, CODES, "labels: integers read as 3 classes: 0, 5, 10"),
        (np.array([-100, 0, 1], dtype=np.int8)[CODES], CODES, "labels: integers read as 3 classes: -100, 0, 1"),
        (CODES[:, None], CODES, "labels: one column"),
        (np.eye(3)[CODES], CODES, "labels: one-hot in 3 columns"),
        (np.eye(3, dtype=bool)[CODES], CODES, "labels: one-hot in 3 columns"),
        (np.eye(3, dtype=np.int8)[CODES], CODES, "labels: one-hot in 3 columns"),
        ((CODES == 1) * 1.0, CODES == 1, "labels: real numbers read as 2 classes: 0, 1"),
        ((CODES == 1) * 2.0 - 1, CODES == 1, "labels: real numbers read as 2 classes: -1, 1"),
        ((CODES == 1) * 0.5, CODES == 1, "labels: real numbers read as 2 classes: 0, 0.5"),
    ],
)
def test_classes_are_read_where_the_meaning_is_certain_and_it_is_said_how(label, codes, note):
    for task in (None, "classification"):
        found = read_labels(label, task, "here")
        assert (found.task, found.num_classes) == ("classification", len(np.unique(codes)))
        np.testing.assert_array_equal(found.y, codes)
        np.testing.assert_array_equal(found.classes, codes)
        assert found.note is not None and note in found.note


@pytest.mark.parametrize(
    ("label", "task"),
    [
        (np.linspace(-1, 1, 60), None),
        (np.arange(-9, 10) / 3, None),  # the mean of three opinions
        (np.arange(60) - 20.0, None),  # too many to be classes
        (CODES - 1, "regression"),
        (CODES - 1.0, "regression"),
        ((CODES - 1.0)[:, None], "regression"),
        (np.linspace(-1, 1, 60).astype(np.float16), None),
        (CODES == 1, "regression"),
    ],
)
def test_values_are_regressed_on_their_sign_and_it_is_said(label, task):
    found = read_labels(label, task, "here")
    assert (found.task, found.num_classes) == ("regression", 2)
    assert found.y.dtype == np.float32
    np.testing.assert_array_equal(found.y, label.ravel().astype(np.float32))
    np.testing.assert_array_equal(found.classes, label.ravel() > 0)
    assert found.note is not None
    assert f"scored on their sign: {np.sum(label > 0)} of {label.size} are above 0" in found.note


def test_whole_numbers_stored_as_real_ones_are_asked_about():
    label = CODES.astype(np.float64)
    with pytest.raises(
        Refused, match=r"^here: found whole numbers .*, 0, 1, 2, .* --task classification or --task regr"
    ):
        read_labels(label, None, "here")
    classes, values = (read_labels(label, task, "here") for task in ("classification", "regression"))
    np.testing.assert_array_equal(classes.y, CODES)
    np.testing.assert_array_equal(values.classes, CODES > 0)


@pytest.mark.parametrize(
    ("label", "task", "message"),
    [
        (np.arange(60), None, "60 different labels in 60 rows, 0, 1, 2, .*--task classification or --task"),
        (np.char.add("clip", np.arange(60).astype(str)), None, "60 different labels in 60 rows, clip0"),
        (CODES.astype(str), None, "numbers written as words, 0, 1, 2: .*--task classification"),
        (np.array(["sad", "", "happy"])[CODES], None, "a label in each row, found none in 20 of 60"),
        (np.array(["sad", "nan", "happy"])[CODES], None, "a label in each row, found none in 20 of 60"),
        (np.array(["sad", "Sad ", "happy"])[CODES], None, "capitals or spaces alone: Sad , sad"),
        (np.array(["sad", "glad", "happy"])[CODES], "regression", "numbers to regress, found words: glad, happy, sad"),
        (np.array([b"\xff", b"a", b"b"])[CODES], None, "words in UTF-8"),
        (np.eye(3)[CODES], "regression", "one label a row"),
        (np.eye(3)[CODES] + np.eye(3)[(CODES + 1) % 3], None, "one label a row"),
        (np.full((60, 3), 1 / 3), None, "one label a row"),
        (np.zeros((60, 3)), None, "one label a row"),
        (np.zeros((60, 1, 1)), None, "one label a row"),
        (np.where(CODES == 0, np.nan, 1.0), "classification", "finite labels, found 20"),
        (np.where(CODES == 0, -1e39, 0.5), "regression", "float32 can hold"),
        (np.where(CODES == 0, 1e-60, -0.5), "regression", "float32 can tell from 0, .* found 20 that are smaller"),
        (
            np.array(["sad", None, "happy"])[CODES].astype(str),
            None,
            "the label None, which may be a class, .*--task clas",
        ),
        (np.array(["pro", "contra", "NA"])[CODES], None, "the label NA, which may be a class"),
        (np.array(["pro", "NaT", "contra"])[CODES], None, "a label in each row, found none in 20 of 60"),
    ],
)
def test_what_may_be_read_in_several_ways_or_not_at_all_is_refused(label, task, message):
    with pytest.raises(Refused, match=f"^here: .*{message}"):
        read_labels(label, task, "here")


def test_a_word_that_may_stand_for_nothing_is_a_class_where_the_user_says_so():
    found = read_labels(np.array(["FAVOR", "AGAINST", "None"])[CODES], "classification", "here")
    assert found.num_classes == 3 and found.note == "labels: words read as 3 classes: AGAINST, FAVOR, None"

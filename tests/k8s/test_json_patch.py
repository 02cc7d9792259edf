import copy

import pytest

from k8s.json_patch import patched

DOCUMENT = {"a": {"b": [1, 2], "c/d": "x", "e~f": "y"}}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "add", "path": "/a/g", "value": 5}, {"b": [1, 2], "c/d": "x", "e~f": "y", "g": 5}),
        ({"op": "add", "path": "/a/b/-", "value": 3}, {"b": [1, 2, 3], "c/d": "x", "e~f": "y"}),
        ({"op": "add", "path": "/a/b/0", "value": 0}, {"b": [0, 1, 2], "c/d": "x", "e~f": "y"}),
        ({"op": "replace", "path": "/a/b/1", "value": 9}, {"b": [1, 9], "c/d": "x", "e~f": "y"}),
        ({"op": "replace", "path": "/a/c~1d", "value": "z"}, {"b": [1, 2], "c/d": "z", "e~f": "y"}),
        ({"op": "replace", "path": "/a/e~0f", "value": "z"}, {"b": [1, 2], "c/d": "x", "e~f": "z"}),
        ({"op": "remove", "path": "/a/b/0"}, {"b": [2], "c/d": "x", "e~f": "y"}),
        ({"op": "remove", "path": "/a/b"}, {"c/d": "x", "e~f": "y"}),
    ],
)
def test_an_operation_does_what_rfc_6902_says(operation: dict, expected: dict) -> None:
    before = copy.deepcopy(DOCUMENT)
    assert patched(DOCUMENT, [operation]) == {"a": expected}
    assert before == DOCUMENT


def test_operations_follow_each_other_and_share_no_value() -> None:
    value: list[int] = []
    operations = [{"op": "add", "path": f"/{name}", "value": value} for name in "xy"]
    document = patched({}, [*operations, {"op": "add", "path": "/x/-", "value": 1}])
    assert document == {"x": [1], "y": []} and value == []


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/a/none", "value": 1},
        {"op": "remove", "path": "/a/b/7"},
        {"op": "add", "path": "/none/b", "value": 1},
        {"op": "move", "path": "/a/b", "from": "/a/c"},
    ],
)
def test_what_the_document_has_no_place_for_is_refused(operation: dict) -> None:
    with pytest.raises(ValueError, match=r"expected the operation|the document has no"):
        patched(DOCUMENT, [operation])

import os
import pickle
import struct
import subprocess
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.config import Refused
from trainables.data.pickles.pickle_opcodes import UnsafePickleError
from trainables.data.pickles.safe_pickle import read_pickle

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
PLAIN_STATE = b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"


def element_type(description: bytes) -> bytes:
    return b"cnumpy\ndtype\nU" + bytes([len(description)]) + description + b"K\x00K\x01\x87R" + PLAIN_STATE


def integer(value: int) -> bytes:
    return b"\x8a\x08" + struct.pack("<q", value)


def text(content: bytes) -> bytes:
    """A string of Python 2, which is bytes."""
    return b"T" + struct.pack("<i", len(content)) + content


def python_2_array(shape: tuple[int, ...], description: bytes, content: bytes) -> bytes:
    """Instructions as Python 2 and an old NumPy write an array, without the protocol and the final dot."""
    sizes = b"(" + b"".join(integer(size) for size in shape) + b"t"
    return RECONSTRUCT + b"(K\x01" + sizes + element_type(description) + b"\x89" + content + b"tb"


@pytest.fixture
def read(tmp_path):
    """Read bytes as a pickle."""

    def read_bytes(content: bytes):
        path = tmp_path / "data.pkl"
        path.write_bytes(content)
        return read_pickle(path)

    return read_bytes


def assert_same(found, expected) -> None:
    assert type(found) is type(expected)
    if isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        assert all(map(np.array_equal, found.flat, expected.flat))
    else:
        assert found == expected


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype="<f4").reshape(2, 3, 4),
        np.asfortranarray(np.arange(6, dtype=">f8").reshape(2, 3)),
        np.arange(24, dtype="<i8").reshape(2, 3, 4).transpose(1, 0, 2),
        np.arange(5, dtype="f2")[::2],
        np.array([True, False]),
        np.zeros((0, 50, 3), dtype="f4"),
        np.array(3.5),
        np.array(["ab", "ü"]),
        np.array([[b"clip", b"1.5"]]),
        np.array([1 + 2j]),
    ],
)
def test_arrays_are_read_as_numpy_wrote_them(read, array, protocol):
    assert_same(read(pickle.dumps(array, protocol)), array)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_containers_and_scalars_are_read_as_python_wrote_them(read, protocol):
    shared = [1, 2]
    value = {
        "train": {"id": [("clip", 1.5, None), b"bytes", bytearray(b"more"), True]},
        "sets": ({1, 2}, frozenset("ab"), set()),
        "scalars": [np.float32(2.5), np.str_("ab"), np.bytes_(b"c"), 3j, 10**30, b"", np.dtype("<f4")],
        "twice": [shared, shared],
    }
    found = read(pickle.dumps(value, protocol))
    assert found == value
    assert found["twice"][0] is found["twice"][1]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_array_of_objects_holds_what_may_be_read_anywhere(read, protocol):
    ids = np.empty(3, dtype=object)
    ids[:] = [("clip", 1), b"clip", np.arange(2)]
    found = read(pickle.dumps(ids, protocol))
    assert found.dtype == object
    assert found[0] == ("clip", 1)
    assert found[1] == b"clip"
    assert_same(found[2], np.arange(2))


def test_array_within_itself_is_read(read):
    array = np.empty(1, dtype=object)
    array[0] = array
    found = read(pickle.dumps(array, 2))
    assert found[0] is found


def test_pickles_of_python_2_and_old_numpy_are_read_as_latin_1(read):
    values = np.arange(6, dtype="<f4").reshape(2, 3)  # bytes above 127 among them
    found = read(b"\x80\x02" + python_2_array((2, 3), b"f4", text(values.tobytes())) + b".")
    assert_same(found, values)
    assert read(b"\x80\x02" + text(b"caf\xe9") + b".") == "café"


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_names_of_old_numpy_are_known(read, protocol):
    values = np.arange(6.0)
    content = pickle.dumps([values, values[0]], protocol)
    assert b"numpy._core.multiarray" in content
    found = read(content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    assert_same(found[0], values)
    assert found[1] == 0.0


class Call:
    """Pickled as a call, as a malicious pickle is."""

    def __init__(self, function, *arguments) -> None:
        self.parts = function, arguments

    def __reduce__(self):
        return self.parts

    def __call__(self) -> None:
        """The pickler wants what it takes for a function to be callable."""


def objects(*items) -> np.ndarray:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda call: call,
        lambda call: {"train": {"id": [("clip", call)]}},
        lambda call: {"train": {"id": objects("clip", call)}},
        lambda call: Call(frozenset, [call]),
    ],
)
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda marker: Call(os.system, f"mkdir {marker}"), r"(posix|nt)\.system"),
        (lambda marker: Call(os.mkdir, marker), r"(posix|nt)\.mkdir"),
        (lambda marker: Call(eval, f"__import__('os').mkdir({marker!r})"), r"(builtins|__builtin__)\.eval"),
        (lambda marker: Call(subprocess.getoutput, f"mkdir {marker}"), r"(subprocess|commands)\.getoutput"),
        (lambda marker: Call(np.save, marker, 1), r"numpy\.save"),
        (
            lambda marker: Call(Call(getattr, Call(__import__, "os"), "mkdir"), marker),
            r"(builtins|__builtin__)\.getattr",
        ),
    ],
)
def test_malicious_pickle_runs_nothing(read, tmp_path, make, name, wrap, protocol):
    marker = tmp_path / "marker.npy"
    content = pickle.dumps(wrap(make(str(marker))), protocol)
    with pytest.raises(UnsafePickleError, match=rf"data\.pkl: refused {name}: expected NumPy arrays"):
        read(content)
    assert list(tmp_path.iterdir()) == [tmp_path / "data.pkl"]
    pickle.loads(content)
    assert marker.exists()  # so that it would have been seen


@pytest.mark.parametrize(
    "name",
    [
        "builtins getattr",
        "__builtin__ eval",
        "builtins object",
        "builtins type",
        "copyreg _reconstructor",
        "copy_reg __newobj__",
        "numpy load",
        "numpy.core.multiarray fromfile",
        "numpy._core.multiarray frombuffer",
        "numpy.core._multiarray_umath _reconstruct",
        "numpy matrix",
        "numpy.ma.core _mareconstruct",
        "pandas.core.frame DataFrame",
        "trainables.data.pickles.safe_pickle read_pickle",
        "functools partial",
        "collections OrderedDict",
    ],
)
def test_every_other_name_is_refused(read, name):
    module, attribute = name.split()
    with pytest.raises(UnsafePickleError, match=f"refused {module}.{attribute}: expected NumPy arrays"):
        read(f"c{module}\n{attribute}\n.".encode())
    with pytest.raises(UnsafePickleError, match=f"refused {module}.{attribute}"):
        read(f"(i{module}\n{attribute}\n.".encode())


def test_name_with_dots_does_not_reach_into_an_admitted_one(read):
    with pytest.raises(UnsafePickleError, match=r"refused numpy\.ndarray\.tofile"):
        read(b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.")


def test_admitted_names_cannot_be_changed_or_kept(read):
    with pytest.raises(UnsafePickleError, match="refused to change a function"):
        read(b"\x80\x02cnumpy\ndtype\n}U\x05_callK\x01sb.")
    with pytest.raises(UnsafePickleError, match="refused a function or a class"):
        read(b"\x80\x02]cnumpy\ndtype\na.")
    with pytest.raises(UnsafePickleError, match="refused a function or a class"):
        read(b"\x80\x02cnumpy\nndarray\n.")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        # Instructions of declared size, and a memo as long as the number put into it.
        (b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"ab.", "BINBYTES8 of 1099511627776 bytes"),
        (b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"ab.", "BYTEARRAY8 of 1099511627776 bytes"),
        (b"\x80\x04\x95" + struct.pack("<Q", 2**40) + b"N.", "FRAME of 1099511627776 bytes"),
        (b"\x80\x02T" + struct.pack("<i", -5) + b"ab.", "BINSTRING of -5 bytes"),
        (b"\x80\x02]r" + struct.pack("<I", 2**31) + b".", "LONG_BINPUT 2147483648"),
        (b"]p2147483648\n.", "PUT 2147483648"),
        # Calls that take a size.
        (b"\x80\x02c__builtin__\nbytearray\n" + integer(2**40) + b"\x85R.", "bytearray of int"),
        (b"\x80\x02c__builtin__\nset\n" + integer(2**40) + b"\x85R.", "set of int"),
        # Arrays whose shape, or the size of whose elements, is more than there is.
        (b"\x80\x02" + python_2_array((2**40,), b"f4", text(b"abcd")) + b".", "over 4 bytes"),
        (b"\x80\x02" + python_2_array((2**33, 2**33), b"f4", text(b"")) + b".", "over 0 bytes"),
        (b"\x80\x02" + python_2_array((2**40,), b"S0", text(b"")) + b".", "over 0 bytes"),
        (b"\x80\x02" + python_2_array((1,), b"U999999", text(b"abcd")) + b".", "over 4 bytes"),
        # Bytes that would be taken for pointers, and element types with a structure, which may hide objects.
        (b"\x80\x02" + python_2_array((1,), b"O8", text(b"8 bytes!")) + b".", "array of objects"),
        (b"\x80\x02" + python_2_array((2**40,), b"O8", b"]") + b".", "array of objects"),
        (b"\x80\x02" + element_type(b"V8") + b".", "element type 'V8'"),
        (b"\x80\x02" + element_type(b"f4,O") + b".", "element type 'f4,O'"),
        (
            b"\x80\x02cnumpy\ndtype\nU\x02f8\x85R(K\x03U\x01|NU\x01a\x85}U\x01aU\x01OsK\x08K\x01K\x10tb.",
            "element type with a structure",
        ),
        # One text in the file, encoded again and again.
        (
            b"\x80\x02X\x00\x10\x00\x00" + b"a" * 4096 + b"q\x000c_codecs\nencode\nq\x010"
            b"]" + b"h\x01h\x00X\x06\x00\x00\x00latin1\x86Ra" * 100 + b".",
            "more than the file can hold",
        ),
        (b"\x80\x02c_codecs\nencode\nU\x01aU\x03hex\x86R.", "refused to encode str as 'hex'"),
        # Python remembers extensions that anything has registered and used.
        (b"\x80\x02\x82\x01.", "extension of instruction EXT1"),
    ],
)
def test_what_a_file_cannot_fill_is_refused_before_memory_is_taken(read, content, message):
    with pytest.raises(Refused):
        read(b"\x80\x02N")  # whatever is imported or compiled at the first use
    tracemalloc.start()
    try:
        with pytest.raises(UnsafePickleError, match=message):
            read(content)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_ndarray_itself_cannot_be_called(read):
    with pytest.raises(Refused, match="damaged"):
        read(b"\x80\x02cnumpy\nndarray\n" + integer(2**40) + b"\x85R.")
    with pytest.raises(Refused, match="damaged"):
        read(b"\x80\x02cnumpy\nndarray\n" + integer(2**40) + b"\x85\x81.")


def test_lists_of_lists_do_not_multiply(read):
    """Sixty lists that each hold the one before twice are a few hundred bytes, and 2^60 items to walk over."""
    value: list = []
    for _ in range(60):
        value = [value, value]
    found = read(pickle.dumps(value, 4))
    assert found[0] is found[1]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_file_cut_anywhere_is_refused(tmp_path, protocol):
    content = pickle.dumps({"train": np.arange(12.0).reshape(3, 4), "id": [("clip", b"1")]}, protocol)
    path = tmp_path / "data.pkl"
    for size in range(len(content)):
        path.write_bytes(content[:size])
        with pytest.raises(Refused, match=r"data\.pkl: (expected a whole pickle|refused .* cut short)"):
            read_pickle(path)


# Each of the values changes few bytes of a small file: a hundred files find what there is.
@settings(deadline=None, max_examples=100)
@given(
    protocol=st.sampled_from(PROTOCOLS),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=3),
)
def test_damaged_file_is_read_or_refused_and_nothing_else(tmp_path_factory, protocol, changes):
    content = bytearray(pickle.dumps({"a": np.arange(4.0), "b": (np.float32(1), b"x", {1}, "text")}, protocol))
    for position, value in changes:
        content[position % len(content)] = value
    path: Path = tmp_path_factory.getbasetemp() / "damaged.pkl"
    path.write_bytes(content)
    try:
        read_pickle(path)
    except Refused as error:
        assert str(path) in str(error)


def test_missing_file_is_not_called_damaged(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_pickle(tmp_path / "data.pkl")

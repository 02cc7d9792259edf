"""Reading pickles that others made without running what is in them."""

from trainables.data.pickles.pickle_opcodes import UnsafePickleError
from trainables.data.pickles.safe_pickle import read_pickle, require_pickle

__all__ = ["UnsafePickleError", "read_pickle", "require_pickle"]

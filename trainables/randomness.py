"""Every random draw descends from (study seed, stream, replica, purpose), so it depends on nothing else.

Neither the number of workers, nor what is packed with a replica, nor an interruption can change a draw that is a pure
function of its name.
"""

import hashlib

import numpy as np


def derived_seed(seed: int, *path: str | int) -> int:
    """Seed in 0 … 2^63 − 1 of the draw that `path` names below `seed`; different paths give unrelated seeds."""
    digest = hashlib.blake2b(repr((seed, *path)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def generator(seed: int, *path: str | int) -> np.random.Generator:
    """NumPy generator of the draws that `path` names below `seed`."""
    return np.random.default_rng(derived_seed(seed, *path))

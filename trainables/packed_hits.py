"""Which rows were right, in as few letters as a record needs: eight rows a byte, in base64."""

import base64

import numpy as np


def pack_hits(hits: np.ndarray) -> str:
    """Text of hits, bool [R, N]: each replica's rows as bits, filled up to whole bytes, one replica after the other."""
    return base64.b64encode(np.packbits(hits, axis=1).tobytes()).decode("ascii")

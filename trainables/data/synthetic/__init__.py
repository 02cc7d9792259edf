"""Sixteen fair bits of known redundancy, generated."""

from trainables.data.synthetic.shared_bits import bits_table
from trainables.data.synthetic.synthetic_adapter import SyntheticAdapter

__all__ = ["SyntheticAdapter", "bits_table"]

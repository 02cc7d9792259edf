"""Feature archives (npz) of the user's own; `archive_rows.py` has their format."""

from trainables.data.archive.archive_adapter import ArchiveAdapter

__all__ = ["ArchiveAdapter"]

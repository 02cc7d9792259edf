"""Stand-ins for data sets that are not there: generated rows of their shapes."""

from trainables.data.rehearsal.rehearsal_adapter import RehearsalAdapter

__all__ = ["RehearsalAdapter"]

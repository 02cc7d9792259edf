"""Data sets that a function of the user's own gives."""

from trainables.data.user.user_adapter import UserAdapter

__all__ = ["UserAdapter"]

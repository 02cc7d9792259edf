"""Joining Ray, and what its nodes have."""

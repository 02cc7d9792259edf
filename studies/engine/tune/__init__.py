"""Everything that knows Ray Tune."""

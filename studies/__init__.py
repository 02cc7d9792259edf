"""Studies: one short declarative script each, and the engine that runs them."""

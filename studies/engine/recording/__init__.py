"""Where a study's records go: its journal, and MLflow."""

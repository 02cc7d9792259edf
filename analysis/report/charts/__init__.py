"""Charts of the pages as plain geometry: tables in, positions and texts out."""

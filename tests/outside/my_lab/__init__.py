"""A lab's own package, outside the platform's: an objective, an encoder, a data set, and a study with all three."""

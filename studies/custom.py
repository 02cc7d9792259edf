"""Should the encoders of two modalities of my own features be aligned, and how strongly?

    python studies/custom.py --archive features.npz --modalities text audio

The features are in an archive of your own; docs/own-data.md says how to write one.
"""

from functools import partial

from studies.engine import Study, main_archive
from studies.engine.grids import REAL_DATA_LAMBDAS, REAL_DATA_SEARCH_SPACE

TEMPLATE = partial(
    Study,
    lambdas=REAL_DATA_LAMBDAS,
    search_space=REAL_DATA_SEARCH_SPACE,
    configurations=16,
    seeds=5,
    max_epochs=50,
    batch_size=64,
)

if __name__ == "__main__":
    main_archive(TEMPLATE)

"""How strongly should the encoders of my own features be aligned, as far as recorded studies can tell without training?

    python studies/advise.py --archive features.npz --modalities text audio --experiments synthetic avmnist

Says so where the features lie outside what was studied, or the studies are too few to tell; `--verify` trains a short
sweep around the forecast and reports what the forecast costs.
"""

from functools import partial

from studies import custom
from studies.engine import main_advice

TEMPLATE = partial(custom.TEMPLATE, configurations=4)

if __name__ == "__main__":
    main_advice(TEMPLATE)

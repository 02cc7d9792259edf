"""How strongly should the encoders of my own features be aligned, as far as recorded studies can tell without training?

    python studies/advise.py --archive features.npz --modalities text audio

The forecast rests on the law of the synthetic data (`law.py`), whose encoders are kept in `results/law`; with
`--experiments synthetic avmnist` it rests on studies that you recorded. Says so where the features lie outside what was
studied, or the studies are too few to tell. `--verify` trains a short sweep around the forecast and reports what the
forecast costs.
"""

from functools import partial
from pathlib import Path

from studies import custom
from studies.engine import main_advice

TEMPLATE = partial(custom.TEMPLATE, configurations=4)
LAW = Path(__file__).parent / "results" / "law" / "encoders_of_all_studies.csv"

if __name__ == "__main__":
    main_advice(TEMPLATE, LAW)

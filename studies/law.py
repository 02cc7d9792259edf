"""How does the best alignment weight follow redundancy, over data sets of every redundancy, noise and size?

    python studies/law.py

Synthetic data of R = 0 to 8 shared bits at three of the paper's temperatures (sec. 3.4), with 256 and with 1,024
training rows. `studies/advise.py` forecasts λ* of new data from what is recorded here.
"""

from dataclasses import replace

from studies import synthetic
from studies.engine import main_all
from trainables.config import SyntheticData

TEMPERATURES = (0.05, 0.0974, 0.1897)  # the first, fourth and seventh of .05 · exp(linspace(0, 2, 10))
EPOCHS = {256: 300, 1024: 150}  # one and two steps an epoch

STUDIES = tuple(
    replace(
        synthetic.STUDY,
        name=f"law-{rows}",
        question=f"How does the best alignment weight follow redundancy, with {rows} training rows?",
        variants={
            f"R={bits}, T={temperature:g}": SyntheticData(shared_bits=bits, temperature=temperature)
            for temperature in TEMPERATURES
            for bits in range(9)
        },
        lambdas=(0, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2),
        max_seeds=64,
        max_epochs=epochs,
        train_samples=(rows,),
    )
    for rows, epochs in EPOCHS.items()
)

if __name__ == "__main__":
    main_all(STUDIES)

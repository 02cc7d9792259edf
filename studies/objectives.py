"""Does it matter how two encoders are aligned: with negatives, pair by pair, without any, or by CKA itself?

    python studies/objectives.py

The synthetic data at R = 4 and 8 shared bits, under four objectives that differ in kind, each with all and with half of
the dimensions aligned. λ of different objectives are not on one scale: compare gains, not λ*.
"""

from dataclasses import replace

from alignment import Cka, InfoNce, SigLip, Vicreg
from studies import synthetic
from studies.engine import main_all

OBJECTIVES = {"InfoNCE": InfoNce(), "SigLIP": SigLip(), "VICReg": Vicreg(), "CKA": Cka()}
WIDTHS = {"": None, "-half": 6}  # of 12 dimensions

SHARED = replace(
    synthetic.STUDY,
    variants={label: data for label, data in synthetic.STUDY.variants.items() if label in ("R=4", "R=8")},
    lambdas=(0, 0.2, 0.4, 0.6, 0.8, 1, 2),
    max_seeds=64,
)

STUDIES = tuple(
    replace(
        SHARED,
        name=f"{title}{suffix}".lower(),
        question=f"How strongly should encoders be aligned by {title}{suffix}, where 4 and where 8 bits are shared?",
        objective=objective,
        aligned_width=width,
    )
    for title, objective in OBJECTIVES.items()
    for suffix, width in WIDTHS.items()
)

if __name__ == "__main__":
    main_all(STUDIES)

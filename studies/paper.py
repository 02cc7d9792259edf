"""What holds over all data sets of the paper: which alignment is best for each, and does it follow the redundancy?

    python studies/paper.py --data-dir data --num-gpus 8 --gpus-per-trial 0.25

Runs every study whose data are there, on one Ray cluster, and compares what came out.
"""

from studies import avmnist, mosei_at, mosei_va, mosei_vt, mustard_at, mustard_va, mustard_vt, synthetic
from studies.engine import main_all

STUDIES = (
    synthetic.STUDY,
    avmnist.STUDY,
    mustard_vt.STUDY,
    mustard_va.STUDY,
    mustard_at.STUDY,
    mosei_vt.STUDY,
    mosei_va.STUDY,
    mosei_at.STUDY,
)

if __name__ == "__main__":
    main_all(STUDIES)

"""Should the encoders of vision and audio be aligned for sarcasm, and how strongly?

    python studies/mustard_va.py --data-dir data

MUStARD: clips of television series, sarcastic or not (paper sec. 4.2, 4.3).
"""

from studies.engine import Study, main
from studies.engine.grids import MUSTARD
from trainables.config import AffectData

STUDY = Study(
    name="mustard_va",
    question="How strongly should the encoders of vision and audio be aligned, for the sarcasm of MUStARD?",
    variants={"MUStARD": AffectData(dataset="mustard", modalities=("vision", "audio"))},
    **MUSTARD,
)

if __name__ == "__main__":
    main(STUDY)

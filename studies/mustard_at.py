"""Should the encoders of audio and text be aligned for sarcasm, and how strongly?

    python studies/mustard_at.py --data-dir data

MUStARD: clips of television series, sarcastic or not (paper sec. 4.2, 4.3).
"""

from studies.engine import Study, main
from studies.engine.grids import MUSTARD
from trainables.config import AffectData

STUDY = Study(
    name="mustard_at",
    question="How strongly should the encoders of audio and text be aligned, for the sarcasm of MUStARD?",
    variants={"MUStARD": AffectData(dataset="mustard", modalities=("audio", "text"))},
    **MUSTARD,
)

if __name__ == "__main__":
    main(STUDY)

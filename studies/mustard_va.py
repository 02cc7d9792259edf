"""Should the encoders of vision and audio be aligned for sarcasm, and how strongly?

    python studies/mustard_va.py --data-dir data

MUStARD: clips of television series, sarcastic or not (paper sec. 4.2, 4.3).
"""

from studies.engine import Study, main
from studies.engine.grids import REAL_DATA_LAMBDAS, REAL_DATA_SEARCH_SPACE
from trainables.config import AffectData, Transformer

STUDY = Study(
    name="mustard_va",
    question="How strongly should the encoders of vision and audio be aligned, for the sarcasm of MUStARD?",
    variants={"MUStARD": AffectData(dataset="mustard", modalities=("vision", "audio"))},
    encoder_1=Transformer(),
    encoder_2=Transformer(),
    lambdas=REAL_DATA_LAMBDAS,
    search_space=REAL_DATA_SEARCH_SPACE,
    configurations=16,
    search_seeds=2,
    seeds=5,
    max_epochs=50,
    batch_size=64,
)

if __name__ == "__main__":
    main(STUDY)

"""Should the encoders of audio and text be aligned for sentiment, and how strongly?

    python studies/mosei_at.py --data-dir data

CMU-MOSEI: opinion videos, sentiment from −3 to 3 scored on its sign (paper sec. 4.2, 4.3).
"""

from studies.engine import Study, main
from studies.engine.grids import REAL_DATA_LAMBDAS, REAL_DATA_SEARCH_SPACE
from trainables.config import AffectData, Transformer

STUDY = Study(
    name="mosei_at",
    question="How strongly should the encoders of audio and text be aligned, for the sentiment of CMU-MOSEI?",
    variants={"CMU-MOSEI": AffectData(dataset="mosei", modalities=("audio", "text"))},
    encoder_1=Transformer(),
    encoder_2=Transformer(),
    lambdas=REAL_DATA_LAMBDAS,
    search_space=REAL_DATA_SEARCH_SPACE,
    configurations=16,
    search_seeds=1,
    seeds=5,
    max_epochs=20,
    batch_size=128,
)

if __name__ == "__main__":
    main(STUDY)

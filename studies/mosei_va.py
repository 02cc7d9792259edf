"""Should the encoders of vision and audio be aligned for sentiment, and how strongly?

    python studies/mosei_va.py --data-dir data

CMU-MOSEI: opinion videos, sentiment from −3 to 3 scored on its sign (paper sec. 4.2, 4.3).
"""

from studies.engine import Study, main
from studies.engine.grids import MOSEI
from trainables.config import AffectData

STUDY = Study(
    name="mosei_va",
    question="How strongly should the encoders of vision and audio be aligned, for the sentiment of CMU-MOSEI?",
    variants={"CMU-MOSEI": AffectData(dataset="mosei", modalities=("vision", "audio"))},
    **MOSEI,
)

if __name__ == "__main__":
    main(STUDY)

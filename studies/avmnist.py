"""Should the encoders of written and spoken digits be aligned, and how strongly?

    python studies/avmnist.py --data-dir data

MNIST images paired with spoken digits of the same class (paper sec. 4.2, 4.3).
"""

from studies.engine import Study, main
from studies.engine.grids import REAL_DATA_LAMBDAS, REAL_DATA_SEARCH_SPACE
from trainables.config import AvMnistData, Transformer, VisionTransformer

STUDY = Study(
    name="avmnist",
    question="How strongly should the encoders of written and spoken digits be aligned?",
    variants={"AV-MNIST": AvMnistData()},
    encoder_1=VisionTransformer(width=16, depth=4, patch_size=4),
    encoder_2=Transformer(depth=3, pooling="cls"),
    lambdas=REAL_DATA_LAMBDAS,
    search_space=REAL_DATA_SEARCH_SPACE,
    configurations=16,
    search_seeds=1,  # a Transformer's step costs each seed in full, and seeds differ less than configurations
    final_seeds=2,
    seeds=5,
    max_epochs=40,  # with 20 the vision encoder is still rising
    batch_size=128,
)

if __name__ == "__main__":
    main(STUDY)

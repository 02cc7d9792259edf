"""Should the encoders of written and spoken digits be aligned, and how strongly?

    python studies/avmnist.py --data-dir data

MNIST images paired with spoken digits of the same class (paper sec. 4.2, 4.3).
"""

from studies.engine import Study, main
from trainables.config import AvMnistData, Transformer, VisionTransformer

STUDY = Study(
    name="avmnist",
    question="How strongly should the encoders of written and spoken digits be aligned?",
    variants={"AV-MNIST": AvMnistData()},
    encoder_1=VisionTransformer(width=16, depth=4, patch_size=4),
    encoder_2=Transformer(depth=3, pooling="cls"),
    lambdas=(0, 0.1, 0.25, 0.5, 0.6, 0.75, 1, 2, 4),
    search_space={
        "learning_rate": (1e-3, 5e-4, 1e-4, 5e-5, 1e-5),
        "weight_decay": (0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
        "dropout_1": (0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2),
        "dropout_2": (0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2),
        "projection_size": (64, 128, 256),
        "projection_learning_rate": (1e-4, 5e-4, 1e-3, 5e-3, 1e-2),
        "projection_weight_decay": (0, 1e-5, 1e-4, 1e-3, 1e-2),
        "depth": (2, 3, 4),
    },
    configurations=16,
    search_seeds=1,  # a Transformer's step costs each seed in full, and seeds differ less than configurations
    seeds=5,
    max_epochs=20,
    batch_size=128,
)

if __name__ == "__main__":
    main(STUDY)

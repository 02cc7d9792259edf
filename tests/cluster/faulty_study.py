"""A study in which three configurations of four cannot be trained: one diverges, and two raise."""

from studies.engine import Study, main
from trainables.config import Mlp, SyntheticData

STUDY = Study(
    name="faulty",
    question="What becomes of a study whose trials fail?",
    variants={"R=4": SyntheticData(shared_bits=4)},
    encoder_1=Mlp(width=8, depth=1),
    encoder_2=Mlp(width=8, depth=1),
    lambdas=(0, 1),
    search_space={"learning_rate": (1e-2, 1e30), "projection_size": (4, -4)},
    configurations=4,
    seeds=2,
    max_epochs=9,
    train_samples=(256,),
)

if __name__ == "__main__":
    main(STUDY)

"""Does the best alignment weight follow the redundancy of the data, where the redundancy is known?

    python studies/synthetic.py

Sixteen bits, of which R = 0, 2, 4, 6 or 8 of the eight that matter are seen by both modalities (paper sec. 3.4, 4.1).
Data are few on purpose: with all 45,875 rows the encoders reach the ceiling by themselves, and alignment has nothing to
give.
"""

from studies.engine import Study, main
from trainables.config import Mlp, SyntheticData

STUDY = Study(
    name="synthetic",
    question="How does the best alignment strength follow the number of bits that both modalities share?",
    variants={f"R={bits}": SyntheticData(shared_bits=bits) for bits in (0, 2, 4, 6, 8)},
    encoder_1=Mlp(width=12, depth=3),
    encoder_2=Mlp(width=12, depth=3),
    lambdas=(0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4),
    search_space={
        "learning_rate": (1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
        "weight_decay": (0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
    },
    configurations=8,
    concurrency=8,  # all of a λ are one model, of which halving would save nothing
    seeds=8,
    max_seeds=256,
    margin=0.01,  # of one point: half a point costs up to ten times the seeds where the gain is about as large
    max_epochs=300,  # steps, as all rows fit into one batch
    train_samples=(256,),
)

if __name__ == "__main__":
    main(STUDY)

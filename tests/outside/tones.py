"""Do two microphones hear a tone better when their encoders are aligned?"""

from my_lab.losses import CosineGap

from studies import Study, main
from trainables.config import PythonData, TorchEncoder

STUDY = Study(
    name="tones",
    question="Do two microphones hear a tone better when their encoders are aligned?",
    variants={"tones": PythonData("my_lab.data:load", {"num_rows": 96})},
    encoder_1=TorchEncoder("my_lab.encoders:WaveformEncoder", {"width": 8}),
    encoder_2=TorchEncoder("my_lab.encoders:WaveformEncoder", {"width": 8}),
    objective=CosineGap(power=2.0),
    lambdas=(0, 0.5),
    search_space={"learning_rate": (1e-2, 1e-3), "dropout_1": (0, 0.2)},
    configurations=3,
    seeds=2,
    max_seeds=4,
    search_seeds=1,
    finalists=2,
    final_seeds=2,
    max_epochs=6,
    reports=3,
    batch_size=32,
)

if __name__ == "__main__":
    main(STUDY)

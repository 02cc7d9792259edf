"""A study in which three configurations of four cannot be trained: one diverges, and two raise on many rows."""

from dataclasses import dataclass

from torch import Tensor

from studies.engine import Study, main
from trainables.config import Mlp, SyntheticData
from trainables.encoders import MlpEncoder


class Brittle(MlpEncoder):
    """An MLP that raises in training, after all that is checked before it has gone well."""

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Encode [n, d], where n is at most 100."""
        if len(x) > 100:
            raise ValueError(f"expected at most 100 rows, got {len(x)}")
        return super().forward(x, lengths)


@dataclass(frozen=True, kw_only=True)
class BrittleWhenDeep(Mlp):
    """An MLP that can be trained with one layer alone."""

    def build(self, row_shape: tuple[int, ...], *, dropout: float, depth: int | None) -> MlpEncoder:
        """See `EncoderConfig.build`."""
        kind = MlpEncoder if depth == 1 else Brittle
        return kind(row_shape[0], self.width, depth or self.depth, dropout)


STUDY = Study(
    name="faulty",
    question="What becomes of a study whose trials fail?",
    variants={"R=4": SyntheticData(shared_bits=4)},
    encoder_1=BrittleWhenDeep(width=8, depth=1),
    encoder_2=Mlp(width=8, depth=1),
    lambdas=(0, 1),
    search_space={"learning_rate": (1e-2, 1e30), "depth": (1, 2)},
    configurations=4,
    seeds=2,
    max_epochs=9,
    train_samples=(256,),
)

if __name__ == "__main__":
    main(STUDY)

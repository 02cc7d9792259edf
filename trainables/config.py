"""The vocabulary of a trial: frozen dataclasses that say what is trained, and nothing about where or on what."""

from dataclasses import dataclass

OBJECTIVE = "valid/accuracy"  # the mean over both encoders, which chooses hyperparameters


@dataclass(frozen=True, kw_only=True)
class SyntheticData:
    """Sixteen fair bits with a known share of redundancy (paper sec. 3.4; generator after Tjandrasuwita et al. 2025).

    `shared_bits` (R) of the eight bits that the label depends on are seen by both modalities; 0 ≤ R ≤ 8.
    `temperature` is the label softmax's T. `tanh_depth` layers of a frozen random tanh network transform modality 2.
    `seed` draws the labels and the split.
    """

    shared_bits: int
    temperature: float = 0.05
    tanh_depth: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.shared_bits <= 8:
            raise ValueError(f"shared_bits must be between 0 and 8, got {self.shared_bits}")
        # Balancing the classes takes about 1/temperature rounds: a second at this bound.
        if not self.temperature >= 1e-4:
            raise ValueError(f"temperature must be at least 0.0001, got {self.temperature}")
        if self.tanh_depth < 0:
            raise ValueError(f"tanh_depth must be at least 0, got {self.tanh_depth}")


@dataclass(frozen=True, kw_only=True)
class AvMnistData:
    """MNIST digits paired with spoken digits of the same class (FSDD); `seed` draws the pairs and the split."""

    seed: int = 0


DataConfig = SyntheticData | AvMnistData


@dataclass(frozen=True, kw_only=True)
class Mlp:
    """Fully connected encoder of `width` units a layer: `depth` linear maps, ReLU between them."""

    width: int
    depth: int = 3


@dataclass(frozen=True, kw_only=True)
class Transformer:
    """Pre-norm sequence encoder with one attention head; its width is the features' own.

    `pooling` is "cls" (a learnt token put in front) or "mean" (over the real steps, padding masked out).
    """

    depth: int = 3
    pooling: str = "cls"

    def __post_init__(self) -> None:
        if self.pooling not in ("cls", "mean"):
            raise ValueError(f'pooling must be "cls" or "mean", got {self.pooling!r}')


@dataclass(frozen=True, kw_only=True)
class VisionTransformer:
    """Transformer, `width` wide, over `patch_size` × `patch_size` patches of a grey image, pooled by a CLS token."""

    width: int = 16
    depth: int = 4
    patch_size: int = 4


EncoderConfig = Mlp | Transformer | VisionTransformer


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """What the search chooses: one value each; the paper's sections 4.1-4.3.

    `dropout_1` and `dropout_2` belong to encoder 1 and 2. `depth` replaces the depth of both encoder configurations.
    `projection_size` of None aligns the encoders' outputs themselves. The projection's learning rate and weight decay
    are the encoders' where None.
    """

    learning_rate: float
    weight_decay: float = 0.0
    dropout_1: float = 0.0
    dropout_2: float = 0.0
    depth: int | None = None
    projection_size: int | None = None
    projection_learning_rate: float | None = None
    projection_weight_decay: float | None = None


@dataclass(frozen=True, kw_only=True)
class TrialConfig:
    """One hyperparameter configuration at one λ, with everything else that decides its numbers.

    `train_samples` rows of the training split are drawn anew, by class, for each replica (None: all rows), so that the
    spread over replicas covers the draw of the data as well as that of the weights.
    `alignment_samples`: on how many rows of a split, its first ones, the alignment metrics are taken; mutual k-NN
    depends on their number, so it is the same for all trials. `seed` is the study's; `stream` ("search" or "confirm")
    and the replicas' numbers descend from it, so that the replicas that confirm a configuration did not choose it.
    """

    data: DataConfig
    encoder_1: EncoderConfig
    encoder_2: EncoderConfig
    lambda_: float
    hyperparameters: Hyperparameters
    max_epochs: int
    batch_size: int = 512
    train_samples: int | None = None
    contrastive_temperature: float = 0.1
    gradient_clip: float = 1.0
    alignment_samples: int = 2048
    seed: int = 0
    stream: str = "confirm"
    replicas: tuple[int, ...] = (0,)

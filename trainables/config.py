"""The vocabulary of a trial: frozen dataclasses that say what is trained, and nothing about where or on what."""

import re
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


AFFECT_MODALITIES = ("vision", "audio", "text")


@dataclass(frozen=True, kw_only=True)
class AffectData:
    """Two modalities of an affect data set of MultiBench: "mosei", "mosi", "mustard" or "humor" (UR-FUNNY).

    `file` is the name of its pickle where it has several, None for the usual one (`trainables/data/affect_files.py`).
    """

    dataset: str
    modalities: tuple[str, str] = ("vision", "text")
    file: str | None = None

    def __post_init__(self) -> None:
        if len(set(self.modalities)) != 2 or not set(self.modalities) <= set(AFFECT_MODALITIES):
            raise ValueError(f"modalities must be two of {', '.join(AFFECT_MODALITIES)}, got {self.modalities}")


@dataclass(frozen=True, kw_only=True)
class ArchiveData:
    """Two modalities of a feature archive (npz) of the user's own; `trainables/data/archive.py` has its format.

    `content` is the SHA-256 of the file, in hexadecimal: a study is of this content, wherever the file lies and
    whatever it is called. `seed` draws the split where the archive has none.
    """

    content: str
    modalities: tuple[str, str]
    seed: int = 0

    def __post_init__(self) -> None:
        if not re.fullmatch("[0-9a-f]{64}", self.content):
            raise ValueError(f"content must be the SHA-256 of a file, 64 hexadecimal digits, got {self.content!r}")
        if len(set(self.modalities)) != 2 or len(self.modalities) != 2:
            raise ValueError(f"modalities must be the names of two different ones, got {self.modalities}")


@dataclass(frozen=True, kw_only=True)
class RehearsalData:
    """A stand-in for a data set that is not there: generated rows of its shapes, whose redundancy is known.

    Nothing that is learnt from it says anything of `original`. `seed` draws the rows.
    """

    original: AvMnistData | AffectData
    seed: int = 0


DataConfig = SyntheticData | AvMnistData | AffectData | ArchiveData | RehearsalData


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
        _check_pooling(self.pooling)


@dataclass(frozen=True, kw_only=True)
class VisionTransformer:
    """Transformer, `width` wide, over `patch_size` × `patch_size` patches of a grey image, pooled by a CLS token."""

    width: int = 16
    depth: int = 4
    patch_size: int = 4


@dataclass(frozen=True, kw_only=True)
class ProjectedTransformer:
    """`Transformer` behind a learnt linear map of each step to `width` features, for sequences of wide features."""

    width: int = 64
    depth: int = 3
    pooling: str = "cls"

    def __post_init__(self) -> None:
        _check_pooling(self.pooling)


EncoderConfig = Mlp | Transformer | VisionTransformer | ProjectedTransformer


_NARROWEST_TRANSFORMER = 8


def default_encoder(row_shape: tuple[int, ...], width: int = 64) -> EncoderConfig:
    """Encoder for rows of `row_shape`: an MLP for [d], a Transformer for [t, d].

    Sequences of at most `width` features are encoded in their own width, as in the paper; wider ones are projected to
    `width` first, for the cost of a Transformer grows with its square, and so are those of fewer than 8, too narrow for
    its normalisation to leave much of them. Raises ValueError for any other shape.
    """
    if len(row_shape) == 1:
        return Mlp(width=width)
    if len(row_shape) == 2:
        return Transformer() if _NARROWEST_TRANSFORMER <= row_shape[1] <= width else ProjectedTransformer(width=width)
    raise ValueError(f"expected rows of shape [d] or [t, d], got {list(row_shape)}")


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


def _check_pooling(pooling: str) -> None:
    if pooling not in ("cls", "mean"):
        raise ValueError(f'pooling must be "cls" or "mean", got {pooling!r}')

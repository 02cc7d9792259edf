"""The vocabulary of a trial: frozen dataclasses that say what is trained, and nothing about where or on what."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeGuard
from unicodedata import category

if TYPE_CHECKING:
    from torch import nn

    from alignment.objectives.objective import Objective


class Refused(ValueError):
    """What the user got wrong; the message says what was expected and what came, in a sentence for the user."""


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a whole or real number of Python's, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def require_text(what: str, text: object) -> None:
    """Refuse what cannot be one line of text.

    `what` is called so. Raises Refused for no text, none that is seen, and characters that end a line, steer a terminal
    or are half of one.
    """
    if not isinstance(text, str) or not text.strip() or any(category(letter) in _NO_LETTERS for letter in text):
        raise Refused(f"{what} must be text that can be seen, without line breaks and control characters, got {text!r}")


def require_name(what: str, name: str) -> None:
    """Refuse as the name of a study, a modality or a variant what is no line of text, or too long; raises Refused."""
    require_text(what, name)
    if len(name) > _LONGEST_NAME:
        raise Refused(f"{what} must have at most {_LONGEST_NAME:,} characters, got {len(name):,}: {name[:40]!r}…")


def require_modalities(names: Sequence[str]) -> None:
    """Raises Refused for what is not the names of two different modalities."""
    if len(names) != 2 or len(set(names)) != 2:
        raise Refused(f"modalities must be the names of two different ones, got {names}")
    for name in names:
        require_name("the name of a modality", name)


_NO_LETTERS = ("Cc", "Cs", "Zl", "Zp")  # Unicode's categories: control, half of a pair, ends of lines and paragraphs
_LONGEST_NAME = 1000
SEARCH_METRIC = "valid/accuracy"  # the mean over both encoders, which chooses hyperparameters
ENCODERS_FILE = "encoders.pt"  # in the last checkpoint of a confirmed trial: its trained encoders


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What names a data set and decides its rows; each kind has an adapter of its own in `trainables/data`."""


@dataclass(frozen=True, kw_only=True)
class SyntheticData(DataConfig):
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
            raise Refused(f"shared_bits must be between 0 and 8, got {self.shared_bits}")
        # Balancing the classes takes about 1/temperature rounds: a second at this bound.
        if not self.temperature >= 1e-4:
            raise Refused(f"temperature must be at least 0.0001, got {self.temperature}")
        if self.tanh_depth < 0:
            raise Refused(f"tanh_depth must be at least 0, got {self.tanh_depth}")


@dataclass(frozen=True, kw_only=True)
class AvMnistData(DataConfig):
    """MNIST digits paired with spoken digits of the same class (FSDD); `seed` draws the pairs and the split."""

    seed: int = 0


AFFECT_MODALITIES = ("vision", "audio", "text")


@dataclass(frozen=True, kw_only=True)
class AffectData(DataConfig):
    """Two modalities of an affect data set of MultiBench: "mosei", "mosi", "mustard" or "humor" (UR-FUNNY).

    `file` is the name of its pickle where it has several, None for the usual one; `trainables/data/affect` has them.
    """

    dataset: str
    modalities: tuple[str, str] = ("vision", "text")
    file: str | None = None

    def __post_init__(self) -> None:
        if len(set(self.modalities)) != 2 or not set(self.modalities) <= set(AFFECT_MODALITIES):
            raise Refused(f"modalities must be two of {', '.join(AFFECT_MODALITIES)}, got {self.modalities}")


@dataclass(frozen=True, kw_only=True)
class ArchiveData(DataConfig):
    """Two modalities of a feature archive of the user's own; `trainables/data/archive` has its format.

    `content` is the SHA-256 of the file, in hexadecimal: a study is of this content, wherever the file lies and
    whatever it is called. `task`: what the labels are, "classification" or "regression"; None where they say so
    themselves. `seed` draws the split where the archive has none.
    """

    content: str
    modalities: tuple[str, str]
    task: Literal["classification", "regression"] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not re.fullmatch("[0-9a-f]{64}", self.content):
            raise Refused(f"content must be the SHA-256 of a file, 64 hexadecimal digits, got {self.content!r}")
        if self.task not in (None, "classification", "regression"):
            raise Refused(f'task must be "classification", "regression" or None, got {self.task!r}')
        require_modalities(self.modalities)


@dataclass(frozen=True, kw_only=True)
class RehearsalData(DataConfig):
    """A stand-in for a data set that is not there: generated rows of its shapes, whose redundancy is known.

    Nothing that is learnt from it says anything of `original`. `seed` draws the rows.
    """

    original: DataConfig
    seed: int = 0


@dataclass(frozen=True, eq=False)
class UserCode:
    """The user's own code: an object by its import path (`my_lab.encoders:Conformer`), and arguments for it.

    `arguments` are JSON values by name. Two are equal where all their fields are, compared as JSON.
    Raises Refused where an argument is not a JSON value.
    """

    path: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in self.arguments.items():
            if not _is_json(value):
                raise Refused(f"{self.path}: expected arguments that JSON can hold, got {name}={value!r}")
        # A copy, so that what the caller goes on to do with the mapping does not change this; tuples become lists.
        object.__setattr__(self, "arguments", json.loads(json.dumps(dict(self.arguments))))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, UserCode) and self._canonical() == other._canonical()

    def __hash__(self) -> int:
        return hash(self._canonical())

    def identity(self) -> dict[str, Any]:
        """What decides the results as JSON values: the path, the arguments and the digest of the source.

        Raises Refused where the source is not found.
        """
        from trainables.user_code import source_digest

        return {"path": self.path, "arguments": self.arguments, "source": source_digest(self.path)}

    def _canonical(self) -> str:
        return json.dumps({entry.name: getattr(self, entry.name) for entry in fields(self)}, sort_keys=True)


@dataclass(frozen=True, eq=False)
class PythonData(UserCode, DataConfig):
    """A data set of the user's own: `path` (`my_lab.data:load`) names a function that returns `trainables.data.Splits`.

    It is called with `arguments`, and with `data_dir=` where it has a parameter of that name.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if "data_dir" in self.arguments:
            raise Refused(f"{self.path}: expected arguments without data_dir, which the study's option gives")


class EncoderConfig(Protocol):
    """What a study names as an encoder: a frozen, hashable value that can be pickled and that builds a module.

    Plain values only, as they are recorded. Anything with these four members will do; `TorchEncoder` makes one of a
    module's import path.
    """

    def build(self, row_shape: tuple[int, ...], *, dropout: float, depth: int | None) -> "nn.Module":
        """Freshly initialised module for rows of `row_shape`; `depth` of None is the configuration's own.

        The module has an attribute `out_dim`, maps [n, *row_shape] to [n, out_dim], and is called with lengths [n] too
        where its `forward` has a parameter `lengths` (None where the rows have none). PyTorch's global generator is
        seeded for the replica. Raises Refused where the shape is not one that the encoder reads.
        """
        ...

    @property
    def hyperparameters(self) -> frozenset[str]:
        """Which of "dropout" and "depth" decide what `build` gives; a study may search those alone."""
        ...

    def packing_pays(self, device_type: str) -> bool:
        """Whether replicas train faster as one batched model than in turn on a "cpu" or "cuda" device."""
        ...

    @property
    def reads_images(self) -> bool:
        """Whether rows [height, width] are one image each, and not a sequence."""
        ...


_DROPOUT_AND_DEPTH = frozenset({"dropout", "depth"})


@dataclass(frozen=True, kw_only=True)
class Mlp:
    """Fully connected encoder of `width` units a layer: `depth` linear maps, ReLU between them."""

    width: int
    depth: int = 3

    hyperparameters = _DROPOUT_AND_DEPTH
    reads_images = False

    def build(self, row_shape: tuple[int, ...], *, dropout: float, depth: int | None) -> "nn.Module":
        """See `EncoderConfig.build`; rows are [d]."""
        from trainables.encoders import MlpEncoder

        _check_dimensions(self, "[d]", row_shape)
        return MlpEncoder(row_shape[0], self.width, self.depth if depth is None else depth, dropout)

    def packing_pays(self, device_type: str) -> bool:
        """Everywhere: a step of an MLP is mostly calls of PyTorch (.64 to .73 of the time in turn on a CPU's core)."""
        return True


@dataclass(frozen=True, kw_only=True)
class Transformer:
    """Pre-norm sequence encoder with one attention head; its width is the features' own.

    `pooling` is "cls" (a learnt token put in front) or "mean" (over the real steps, padding masked out).
    """

    depth: int = 3
    pooling: str = "cls"

    hyperparameters = _DROPOUT_AND_DEPTH
    reads_images = False

    def __post_init__(self) -> None:
        _check_pooling(self.pooling)

    def build(self, row_shape: tuple[int, ...], *, dropout: float, depth: int | None) -> "nn.Module":
        """See `EncoderConfig.build`; rows are [t, d]."""
        from trainables.encoders import SequenceEncoder

        _check_dimensions(self, "[t, d]", row_shape)
        num_steps, width = row_shape
        return SequenceEncoder(num_steps, width, self.depth if depth is None else depth, self.pooling, dropout)

    def packing_pays(self, device_type: str) -> bool:
        """Not on a CPU; see `_packed_transformers_pay`."""
        return _packed_transformers_pay(device_type)


@dataclass(frozen=True, kw_only=True)
class VisionTransformer:
    """Transformer, `width` wide, over `patch_size` × `patch_size` patches of a grey image, pooled by a CLS token."""

    width: int = 16
    depth: int = 4
    patch_size: int = 4

    hyperparameters = _DROPOUT_AND_DEPTH
    reads_images = True

    def build(self, row_shape: tuple[int, ...], *, dropout: float, depth: int | None) -> "nn.Module":
        """See `EncoderConfig.build`; rows are [height, width], which the patches must tile."""
        from trainables.encoders import PatchEncoder

        _check_dimensions(self, "[height, width]", row_shape)
        return PatchEncoder(row_shape, self.patch_size, self.width, self.depth if depth is None else depth, dropout)

    def packing_pays(self, device_type: str) -> bool:
        """Not on a CPU; see `_packed_transformers_pay`."""
        return _packed_transformers_pay(device_type)


@dataclass(frozen=True, kw_only=True)
class ProjectedTransformer:
    """`Transformer` behind a learnt linear map of each step to `width` features, for sequences of wide features."""

    width: int = 64
    depth: int = 3
    pooling: str = "cls"

    hyperparameters = _DROPOUT_AND_DEPTH
    reads_images = False

    def __post_init__(self) -> None:
        _check_pooling(self.pooling)

    def build(self, row_shape: tuple[int, ...], *, dropout: float, depth: int | None) -> "nn.Module":
        """See `EncoderConfig.build`; rows are [t, d]."""
        from trainables.encoders import ProjectedEncoder

        _check_dimensions(self, "[t, d]", row_shape)
        depth = self.depth if depth is None else depth
        return ProjectedEncoder(row_shape, self.width, depth, self.pooling, dropout)

    def packing_pays(self, device_type: str) -> bool:
        """Not on a CPU; see `_packed_transformers_pay`."""
        return _packed_transformers_pay(device_type)


@dataclass(frozen=True, eq=False)
class TorchEncoder(UserCode):
    """An encoder of the user's own: any `nn.Module` class, built as `Conformer(row_shape=..., **arguments)`.

    Its constructor takes `row_shape`, and is given `dropout` (the study's; 0 where none is searched) and `depth` (where
    one is searched) if it has parameters of these names that `arguments` leave open. It has an attribute `out_dim`, and
    `forward(x)` or `forward(x, lengths)` maps float32 [n, *row_shape] to [n, out_dim]. Parameters that require no
    gradient stay as they are. `weights`: a file with the module's pretrained state, safetensors where it is named so,
    else of `torch.save`. `reads_images`: as in `EncoderConfig`.
    """

    weights: str | None = field(default=None, kw_only=True)
    reads_images: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weights is not None:  # workers have a working folder of their own
            object.__setattr__(self, "weights", str(Path(self.weights).absolute()))

    def build(self, row_shape: tuple[int, ...], *, dropout: float, depth: int | None) -> "nn.Module":
        """See `EncoderConfig.build`; raises Refused where the class or the weights break the contract too."""
        from trainables.user_encoder import build_user_encoder

        return build_user_encoder(self, row_shape, dropout=dropout, depth=depth)

    @property
    def hyperparameters(self) -> frozenset[str]:
        """Which of "dropout" and "depth" the constructor takes and `arguments` leave open."""
        from trainables.user_encoder import open_parameters

        return _DROPOUT_AND_DEPTH & open_parameters(self)

    def packing_pays(self, device_type: str) -> bool:
        """Everywhere, if it can be packed at all, which `trainables/encoder_check.py` finds out."""
        return True

    def identity(self) -> dict[str, Any]:
        """As of any user's code, and the SHA-256 of the weights, None where there are none.

        Raises Refused where the source or the weights are not found.
        """
        from trainables.weights import weights_digest

        return {
            **super().identity(),
            "weights": None if self.weights is None else weights_digest(self.weights),
            "reads_images": self.reads_images,
        }


_NARROWEST_TRANSFORMER = 8


def default_encoder(row_shape: tuple[int, ...], width: int = 64) -> EncoderConfig:
    """Encoder for rows of `row_shape`: an MLP for [d], a Transformer for [t, d].

    Sequences of at most `width` features are encoded in their own width, as in the paper; wider ones are projected to
    `width` first, for the cost of a Transformer grows with its square, and so are those of fewer than 8, too narrow for
    its normalisation to leave much of them. Raises Refused for any other shape.
    """
    if len(row_shape) == 1:
        return Mlp(width=width)
    if len(row_shape) == 2:
        return Transformer() if _NARROWEST_TRANSFORMER <= row_shape[1] <= width else ProjectedTransformer(width=width)
    raise Refused(f"expected rows of shape [d] or [t, d], got {list(row_shape)}")


def _is_rate(value: object) -> bool:
    return is_number(value) and value >= 0


def _is_share(value: object) -> bool:
    return is_number(value) and 0 <= value < 1


def _is_size(value: object) -> bool:
    return type(value) is int and value >= 1


_RATE, _SHARE = (_is_rate, "a number of at least 0"), (_is_share, "a number of at least 0 and below 1")
_SIZE = (_is_size, "a whole number of at least 1")
_LIMITS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "learning_rate": _RATE,
    "weight_decay": _RATE,
    "dropout_1": _SHARE,
    "dropout_2": _SHARE,
    "depth": _SIZE,
    "projection_size": _SIZE,
    "projection_learning_rate": _RATE,
    "projection_weight_decay": _RATE,
}
_OPTIONAL = ("depth", "projection_size", "projection_learning_rate", "projection_weight_decay")


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """What the search chooses: one value each; the paper's sections 4.1-4.3.

    `dropout_1` and `dropout_2` belong to encoder 1 and 2. `depth` replaces the depth of both encoder configurations.
    `projection_size` of None aligns the encoders' outputs themselves. The projection's learning rate and weight decay
    are the encoders' where None. Raises Refused for a value that nothing can be trained with.
    """

    learning_rate: float
    weight_decay: float = 0.0
    dropout_1: float = 0.0
    dropout_2: float = 0.0
    depth: int | None = None
    projection_size: int | None = None
    projection_learning_rate: float | None = None
    projection_weight_decay: float | None = None

    def __post_init__(self) -> None:
        for name, (holds, expected) in _LIMITS.items():
            value, is_optional = getattr(self, name), name in _OPTIONAL
            if not (holds(value) or (is_optional and value is None)):
                raise Refused(f"{name} must be {expected}{' or None' if is_optional else ''}, got {value!r}")


@dataclass(frozen=True, kw_only=True)
class TrialConfig:
    """One hyperparameter configuration at one λ, with everything else that decides its numbers.

    `train_samples` rows of the training split are drawn anew, by class, for each replica (None: all rows), so that the
    spread over replicas covers the draw of the data as well as that of the weights. Where all rows are used,
    `resamples_rows` has each replica train on a bootstrap sample of them instead, for the same purpose.
    `alignment_samples`: on how many rows of a split, its first ones, the alignment metrics are taken, which depend on
    their number, so it is the same for all trials. They are taken for the replicas whose number is below
    `measured_replicas`. `seed` is the study's; `stream` ("search" or "confirm") and the replicas' numbers descend from
    it, so that the replicas that confirm a configuration did not choose it.
    `objective` is L_align. It sees the first `aligned_width` dimensions of each representation, or of its projection
    where there is one (None: all), so that the others stay free.
    """

    data: DataConfig
    encoder_1: EncoderConfig
    encoder_2: EncoderConfig
    lambda_: float
    hyperparameters: Hyperparameters
    objective: "Objective"
    max_epochs: int
    batch_size: int = 512
    train_samples: int | None = None
    resamples_rows: bool = False
    aligned_width: int | None = None
    gradient_clip: float = 1.0
    alignment_samples: int = 2048
    measured_replicas: int = 8
    seed: int = 0
    stream: str = "confirm"
    replicas: tuple[int, ...] = (0,)


def _check_pooling(pooling: str) -> None:
    if pooling not in ("cls", "mean"):
        raise Refused(f'pooling must be "cls" or "mean", got {pooling!r}')


def _check_dimensions(config: EncoderConfig, expected: str, row_shape: tuple[int, ...]) -> None:
    if len(row_shape) != expected.count(",") + 1:
        raise Refused(f"{type(config).__name__} reads rows of shape {expected}, got {list(row_shape)}")


def _packed_transformers_pay(device_type: str) -> bool:
    """Whether packed Transformers train faster than in turn, by `benchmarks/encoders.py`.

    On one core, four packed take .92 to 1.31 of the time of four in turn, and hold what four backward passes need at
    once. No other device has been measured: there they are packed, since one small model cannot fill a card. The rule
    may not time anything, for the same trial must give the same numbers.
    """
    return device_type != "cpu"


def _is_json(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(_is_json(item) for item in value)
    return value is None or isinstance(value, str | int) or (isinstance(value, float) and isfinite(value))

"""The parts that one trial trains: classifiers, projection heads, the objective's scalars, and their optimiser."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import torch
from torch import nn

from alignment import learnt_scalars
from trainables.config import Hyperparameters, Refused, TrialConfig
from trainables.encoders import KeyedEncoder
from trainables.optimiser import AdamW, Group
from trainables.packing import of_each
from trainables.pair import build_classifier, build_projection
from trainables.placement import PlacedSplits
from trainables.replicas import Replicas


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Replicas of each part: a classifier a modality, a projection head each or none, and `learnt`.

    `learnt` holds the scalars that the objective learns; None where it learns none or λ = 0 leaves it out.
    """

    classifiers: list[Replicas]
    projections: list[Replicas]
    learnt: Replicas | None

    @property
    def all(self) -> list[Replicas]:
        """Every part, always in the same order."""
        return [*self.classifiers, *self.projections, *([] if self.learnt is None else [self.learnt])]


def build_parts(config: TrialConfig, data: PlacedSplits, *, packed: bool) -> Parts:
    """Freshly initialised parts on the data's device, all replicas of each.

    Raises Refused where an encoder does not read the rows, or `aligned_width` exceeds what it gives.
    """
    classifiers, projections = [], []
    for modality in (1, 2):
        shape = data.train.row_shape(modality - 1)
        build = partial(build_classifier, config, modality, input_shape=shape, num_outputs=data.num_outputs)
        copies = of_each(config.replicas, build)
        part = Replicas(copies, data.device, packed=packed)
        part.seed_dropout(config.seed, [(config.stream, replica, f"dropout {modality}") for replica in config.replicas])
        if not isinstance(copies[0].encoder, KeyedEncoder):
            part.seed_own_draws(
                config.seed, [(config.stream, replica, f"own draws {modality}") for replica in config.replicas]
            )
        classifiers.append(part)
        out_dim = copies[0].head.in_features
        if config.hyperparameters.projection_size is not None:
            heads = of_each(config.replicas, partial(build_projection, config, modality, in_dim=out_dim))
            projections.append(Replicas(heads, data.device, packed=packed))
        _check_aligned_width(config, out_dim)
    return Parts(classifiers=classifiers, projections=projections, learnt=_build_learnt(config, data.device, packed))


def build_optimiser(parts: Parts, choices: Sequence[Hyperparameters]) -> AdamW:
    """AdamW over all parts: the projections with their own rate and decay, the objective's scalars without decay.

    `choices` [R]: the hyperparameters of each replica.
    """
    groups = []
    for choice, rows in _runs(choices):
        rate, decay = choice.learning_rate, choice.weight_decay
        own_rate, own_decay = choice.projection_learning_rate, choice.projection_weight_decay
        each = [
            (parts.classifiers, rate, decay),
            (parts.projections, rate if own_rate is None else own_rate, decay if own_decay is None else own_decay),
            ([] if parts.learnt is None else [parts.learnt], rate, 0.0),
        ]
        groups += [
            Group(
                tensors=[part.flat for part in alike],
                learning_rate=their_rate,
                weight_decay=their_decay,
                rows=rows,
            )
            for alike, their_rate, their_decay in each
            if alike
        ]
    return AdamW(groups)


def _runs(choices: Sequence[Hyperparameters]) -> Iterator[tuple[Hyperparameters, slice]]:
    """Each run of equal choices, with its place."""
    start = 0
    for choice, equal in groupby(choices):
        end = start + len(list(equal))
        yield choice, slice(start, end)
        start = end


def _build_learnt(config: TrialConfig, device: torch.device, packed: bool) -> Replicas | None:
    initial = learnt_scalars(config.objective)
    if not initial or config.lambda_ == 0:
        return None
    scalars = nn.ParameterDict({name: nn.Parameter(torch.tensor(value)) for name, value in initial.items()})
    return Replicas([scalars] * len(config.replicas), device, packed=packed)


def _check_aligned_width(config: TrialConfig, out_dim: int) -> None:
    size = config.hyperparameters.projection_size
    width = out_dim if size is None else size
    if config.aligned_width is not None and not 1 <= config.aligned_width <= width:
        what = "an encoder's representations" if size is None else "the projections"
        raise Refused(f"aligned_width must be between 1 and the width of {what}, {width}, got {config.aligned_width}")

"""Which replicas are trained as one batched model, for the most evidence a second."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from trainables.config import EncoderConfig, Hyperparameters, Mlp, TrialConfig

_Made = TypeVar("_Made")

_MLPS = 32
_OTHERS = 4


def most_packed(*encoders: EncoderConfig) -> int:
    """Number of replicas up to which a larger trial of these encoders pays; beyond it, another trial is as fast.

    Measured on one core: a replica's step of MLPs of 12 units falls up to 32 replicas, and 64 are no faster
    (`benchmarks/step.py`). Of MLPs 64 and 256 wide it is nearly level from 4 on, at worst a sixth slower at 32. Others
    train in turn there, where a larger trial gains nothing and is harder to share among workers; on a card, where they
    are packed, nothing has been measured. The rule may not time anything: the same study must give the same trials.
    """
    return _MLPS if packs_configurations(*encoders) else _OTHERS


def packs_configurations(*encoders: EncoderConfig) -> bool:
    """Whether trials of different configurations should be trained together, too.

    A trial of the search has few replicas. Of MLPs of 12 units a replica's training costs half as much among 16 as
    among 2. Others gain nothing, and their trials are better shared among workers one by one.
    """
    return all(isinstance(encoder, Mlp) for encoder in encoders)


def mould(config: TrialConfig) -> TrialConfig:
    """What trials that are trained together have in common: all but replicas, learning rates and weight decays."""
    choice = replace(
        config.hyperparameters,
        learning_rate=0.0,
        weight_decay=0.0,
        projection_learning_rate=None,
        projection_weight_decay=None,
    )
    return replace(config, hyperparameters=choice, replicas=())


def packed(configs: Sequence[TrialConfig]) -> tuple[TrialConfig, tuple[Hyperparameters, ...]]:
    """One trial with all replicas of trials of one mould, in turn, and the hyperparameters of each replica.

    Raises ValueError for trials of different moulds.
    """
    first = configs[0]
    if any(mould(config) != mould(first) for config in configs[1:]):
        raise ValueError("expected trials that differ in replicas, learning rates and weight decays alone")
    replicas = tuple(replica for config in configs for replica in config.replicas)
    return replace(first, replicas=replicas), tuple(c.hyperparameters for c in configs for _ in c.replicas)


def of_each(replicas: Sequence[int], make: Callable[[int], _Made]) -> list[_Made]:
    """What `make` gives for each replica; made once, and one and the same, for one that is there several times."""
    made = {replica: make(replica) for replica in dict.fromkeys(replicas)}
    return [made[replica] for replica in replicas]

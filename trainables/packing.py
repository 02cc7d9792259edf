"""Into how many replicas a trial should be cut, for the most evidence a second."""

from trainables.config import EncoderConfig, Mlp

_MLPS = 32
_OTHERS = 4


def most_packed(*encoders: EncoderConfig) -> int:
    """Number of replicas up to which a larger trial of these encoders pays; beyond it, another trial is as fast.

    Measured on one core: a replica's step of MLPs of 12 units falls up to 32 replicas, and 64 are no faster
    (`benchmarks/step.py`). Of MLPs 64 and 256 wide it is nearly level from 4 on, at worst a sixth slower at 32. Others
    train in turn there, where a larger trial gains nothing and is harder to share among workers; on a card, where they
    are packed, nothing has been measured. The rule may not time anything: the same study must give the same trials.
    """
    return _MLPS if all(isinstance(encoder, Mlp) for encoder in encoders) else _OTHERS

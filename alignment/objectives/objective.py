"""What an alignment objective is: the one interface that training knows, for ours and for a user's own."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


class Objective(Protocol):
    """A loss that falls as two representations of the same rows come to agree: L_align of a training.

    One batch element is one replica of a trial, and replicas must not touch each other. NaN or infinity in one batch
    element therefore gives that element the loss NaN and a gradient that is not finite. All other losses and gradients
    stay as they were, to the last bit. So an objective does not refuse values that are not finite.
    The order of the rows must not matter: a batch that holds all rows is not shuffled anew.
    The first derivative is enough. Half-precision input gives float32 losses.
    An objective can be hashed, compared and pickled, and its fields are plain values: a study records them.
    One that trains scalars of its own with the encoders has a property `learnt`, their initial values by name.
    """

    def __call__(self, z_a: "Tensor", z_b: "Tensor", **learnt: "Tensor") -> "Tensor":
        """Losses [...] of `z_a`, `z_b` [..., N, D], where row i of one matches row i of the other; N >= 2.

        `learnt`: tensors [...] by the names in its property `learnt`, one number for each batch element. A scalar that
        is not passed has its initial value. Raises ValueError where shapes, types or names do not fit.
        """
        ...


def learnt_scalars(objective: Objective) -> Mapping[str, float]:
    """Initial values of the scalars that an objective trains with the encoders, by name; empty for most."""
    return getattr(objective, "learnt", {})

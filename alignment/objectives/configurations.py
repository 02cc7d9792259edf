"""The platform's objectives as frozen configurations: what a study names, and what it calls as L_align.

The losses themselves are a file each beside this one. They bring torch along, which takes a second to import, and a
study only names its objective: so they are imported when an objective is first called.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from alignment.objectives.checks import check_learnt, check_number, check_temperature
from alignment.objectives.objective import Objective

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class InfoNce:
    """Objective that tells each row's match from the other rows of its batch element (paper eq. 3-4).

    `temperature`: a fixed number that the cosine similarities are divided by. Nothing is learnt.
    The loss is that of `symmetric_info_nce`. It ignores the length of each row, and one rotation of both inputs.
    Raises ValueError unless the temperature is finite and above 0.
    """

    temperature: float = 0.1

    def __post_init__(self) -> None:
        check_temperature(self.temperature)

    def __call__(self, z_a: "Tensor", z_b: "Tensor", **learnt: "Tensor") -> "Tensor":
        """Losses [...] in nats of `z_a`, `z_b` [..., N, D]."""
        from alignment.objectives.info_nce import symmetric_info_nce

        check_learnt({}, learnt, z_a)
        return symmetric_info_nce(z_a, z_b, self.temperature, check_finite=False)


@dataclass(frozen=True, kw_only=True)
class SigLip:
    """Objective that tells matches from other pairs by a logistic regression on cosines (Zhai et al. 2023, alg. 1).

    The logit of a pair is cosine / temperature + bias. The loss is the sum over all N² pairs of -log σ(± logit), plus
    for the N matches and minus for the rest, divided by N: a mean for each row, in nats.
    `temperature`, `bias`: their values, or with `learn_scalars` their initial values. The temperature is learnt as
    the logarithm of its inverse. The low bias starts all pairs as "no match", as nearly all of them are.
    A row shorter than 1e-12 has the cosine 0 to every row, and the gradient 0.
    Ignores the length of each row, and one rotation of both inputs.
    Raises ValueError unless the temperature is finite and above 0, and the bias finite.
    """

    temperature: float = 0.1
    bias: float = -10.0
    learn_scalars: bool = True

    def __post_init__(self) -> None:
        check_temperature(self.temperature)
        check_number("bias", self.bias)

    @property
    def learnt(self) -> Mapping[str, float]:
        """Initial `log_inverse_temperature` and `bias`, or nothing where they are fixed."""
        return self._scalars if self.learn_scalars else {}

    @property
    def _scalars(self) -> dict[str, float]:
        return {"log_inverse_temperature": -math.log(self.temperature), "bias": float(self.bias)}

    def __call__(self, z_a: "Tensor", z_b: "Tensor", **learnt: "Tensor") -> "Tensor":
        """Losses [...] in nats of `z_a`, `z_b` [..., N, D]; `learnt` [...] by the names in the property `learnt`."""
        from alignment.objectives.siglip import sigmoid_loss

        check_learnt(self.learnt, learnt, z_a)
        return sigmoid_loss(z_a, z_b, **{**self._scalars, **learnt})


@dataclass(frozen=True, kw_only=True)
class Vicreg:
    """Objective of three weighted terms: invariance, variance and covariance (Bardes et al. 2022, algorithm 1).

    Invariance: mean squared difference of matched entries, over rows and features. Variance: mean over features of
    max(0, 1 - √(variance + 1e-4)). Covariance: sum of the squared covariances of different features over their
    number D. The last two are taken of each input and added; variances divide by N - 1.
    `invariance`, `variance`, `covariance`: the weights. Nothing is learnt.
    Rows are not normalised: the scale matters. Ignores only one shift of both inputs.
    Raises ValueError unless the weights are finite and at least 0.
    """

    invariance: float = 25.0
    variance: float = 25.0
    covariance: float = 1.0

    def __post_init__(self) -> None:
        for field in fields(self):
            weight = getattr(self, field.name)
            check_number(field.name, weight)
            if weight < 0:
                raise ValueError(f"{field.name} must be at least 0, got {weight!r}")

    def __call__(self, z_a: "Tensor", z_b: "Tensor", **learnt: "Tensor") -> "Tensor":
        """Losses [...] of `z_a`, `z_b` [..., N, D]."""
        from alignment.objectives.vicreg import vicreg_loss

        check_learnt({}, learnt, z_a)
        return vicreg_loss(z_a, z_b, invariance=self.invariance, variance=self.variance, covariance=self.covariance)


@dataclass(frozen=True, kw_only=True)
class Cka:
    """Objective that is one minus the linear CKA of a batch element, from 0 to 1 (Kornblith et al. 2019).

    The value is 1 - `linear_cka`, from D × D covariances: nothing N × N is formed. Nothing is learnt.
    Where an input is constant the loss is 1 and the gradient 0.
    Ignores scale, sign, shift and rotation of each input, but not the length of single rows.
    """

    def __call__(self, z_a: "Tensor", z_b: "Tensor", **learnt: "Tensor") -> "Tensor":
        """Losses [...] of `z_a`, `z_b` [..., N, D]."""
        from alignment.objectives.cka import cka_loss

        check_learnt({}, learnt, z_a)
        return cka_loss(z_a, z_b)


NAMED_OBJECTIVES: Mapping[str, type[Objective]] = {"infonce": InfoNce, "siglip": SigLip, "vicreg": Vicreg, "cka": Cka}

"""Replicas of one module trained as a single batched model.

The parameters of R copies lie in one matrix, a row for each, of which the module's stacked parameters are views: one
elementwise optimiser over the matrix does exactly what R separate optimisers do, at the cost of one.
"""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from trainables.dropout import KeyedDropout
from trainables.randomness import derived_seed

# Any odd number visits every 32-bit key before one returns; this one is the golden ratio's, which spreads them.
_KEY_STRIDE = 0x61C88647


class Replicas:
    """R copies of a module, called as one: `flat` [R, P] holds their parameters and `flat.grad` their gradients.

    `modules` are the R initialised copies, alike but for their values; they are copied, not kept.
    """

    def __init__(self, modules: Sequence[nn.Module], device: torch.device) -> None:
        self.num_replicas = len(modules)
        self._template = copy.deepcopy(modules[0]).to("meta")
        self._shapes = {name: values.shape for name, values in modules[0].named_parameters()}
        rows = [torch.cat([values.detach().flatten() for values in module.parameters()]) for module in modules]
        self.flat = torch.stack(rows).to(device).requires_grad_()
        self._dropouts = [name for name, module in modules[0].named_modules() if isinstance(module, KeyedDropout)]
        self._base_keys: dict[str, Tensor] = {}
        self._keys: dict[str, Tensor] = {}

    def seed_dropout(self, seed: int, path: Sequence[tuple[str | int, ...]]) -> None:
        """Give each replica's dropout layers keys of their own; `path` names the draws of each replica."""
        for name in self._dropouts:
            keys = [derived_seed(seed, *names, name) % 2**32 - 2**31 for names in path]
            self._base_keys[f"{name}.key"] = torch.tensor(keys, dtype=torch.int32, device=self.flat.device)

    def train(self, step: int) -> None:
        """Switch dropout on, with the masks of training step `step`."""
        if not self._template.training:  # visiting every layer takes a tenth of a small model's step
            self._template.train()
        stride = (step * _KEY_STRIDE + 2**31) % 2**32 - 2**31
        self._keys = {name: key + stride for name, key in self._base_keys.items()}

    def eval(self) -> None:
        """Switch dropout off."""
        self._template.eval()
        self._keys = self._base_keys

    def zero_gradients(self) -> None:
        """Forget the gradients of the last step."""
        self.flat.grad = None

    def clip_gradients(self, max_norm: float) -> None:
        """Scale each replica's gradient to a norm of at most `max_norm`.

        A replica is clipped by its own norm alone: one that diverges (a norm of NaN or infinity) changes no other.
        """
        gradient = self.flat.grad
        if gradient is not None:  # projection heads have none where λ = 0
            norm = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
            gradient.mul_((max_norm / (norm + 1e-6)).clamp_(max=1.0))

    @torch.no_grad()
    def keep(self, flat: Tensor, chosen: Tensor) -> None:
        """Copy the parameters of the `chosen` [R] replicas, a boolean each, into `flat` [R, P]."""
        flat[chosen] = self.flat[chosen]

    def load(self, flat: Tensor) -> None:
        """Take over all parameters from `flat` [R, P]."""
        with torch.no_grad():
            self.flat.copy_(flat)

    def state_of(self, flat: Tensor, replica: int) -> dict[str, Tensor]:
        """The module's own parameters by name, on the CPU, of one replica in `flat` [R, P]."""
        return {name: view[replica].detach().cpu().clone() for name, view in self._views(flat).items()}

    def __call__(self, x: Tensor, lengths: Tensor | None = None, *, shared: bool = False):
        """Apply every replica: to its own rows of `x` [R, n, …], or all to the same rows [n, …] where `shared`.

        Returns what the module returns, each tensor with a leading axis R.
        """
        batch_axis = None if shared else 0
        lengths_axis = None if lengths is None else batch_axis
        call = vmap(self._call_one, in_dims=(0, 0, batch_axis, lengths_axis))
        return call(self._views(self.flat), self._keys, x, lengths)

    def _call_one(self, parameters: dict[str, Tensor], keys: dict[str, Tensor], x: Tensor, lengths: Tensor | None):
        arguments = (x,) if lengths is None else (x, lengths)
        return functional_call(self._template, {**parameters, **keys}, arguments)

    def _views(self, flat: Tensor) -> dict[str, Tensor]:
        """The stacked parameters [R, …] as views into `flat` [R, P]."""
        pieces = flat.split([shape.numel() for shape in self._shapes.values()], dim=1)
        return {
            name: piece.unflatten(1, shape) for (name, shape), piece in zip(self._shapes.items(), pieces, strict=True)
        }

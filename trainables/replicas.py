"""Replicas of one module trained together, as a single batched model or in turn.

The parameters of R copies lie in one matrix, a row for each, of which the module's stacked parameters are views: one
elementwise optimiser over the matrix does exactly what R separate optimisers do, at the cost of one.
"""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from trainables.config import EncoderConfig, Mlp
from trainables.dropout import KeyedDropout
from trainables.randomness import derived_seed

# Any odd number visits every 32-bit key before one returns; this one is the golden ratio's, which spreads them.
_KEY_STRIDE = 0x61C88647


def packing_pays(device: torch.device, encoders: Sequence[EncoderConfig]) -> bool:
    """Whether R replicas with these encoders train faster packed, as one batched model, than in turn.

    Measured by `benchmarks/encoders.py` on one core, four replicas packed take .64 to .73 of the time of four in turn
    where the encoders are MLPs, whose steps are mostly calls of PyTorch, and .92 to 1.31 of it where they are
    Transformers; and packing holds what R backward passes need at once. No other device has been measured: there
    replicas are packed, since one small model cannot fill a card. The rule may not time anything, for the same trial
    must give the same numbers.
    """
    return device.type != "cpu" or all(isinstance(encoder, Mlp) for encoder in encoders)


class Replicas:
    """R copies of a module: `flat` [R, P] holds their parameters and `flat.grad` their gradients.

    `modules` are the R initialised copies, alike but for their values; they are copied, not kept. Where `packed`, all
    are one group, which is computed as one batched model; else each is a group by itself.
    """

    def __init__(self, modules: Sequence[nn.Module], device: torch.device, *, packed: bool) -> None:
        self.num_replicas = len(modules)
        self.group_size = self.num_replicas if packed else 1
        self.groups = [slice(start, start + self.group_size) for start in range(0, len(modules), self.group_size)]
        self._template = copy.deepcopy(modules[0]).to("meta")
        self._shapes = {name: values.shape for name, values in modules[0].named_parameters()}
        rows = [torch.cat([values.detach().flatten() for values in module.parameters()]) for module in modules]
        self.flat = torch.stack(rows).to(device).requires_grad_()
        # Each group differentiates its own view of the matrix, or a group's backward would write all R rows.
        self._leaves = [self.flat.detach()[group].requires_grad_() for group in self.groups]
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
        for leaf in self._leaves:
            leaf.grad = None

    def gather_gradients(self, max_norm: float) -> None:
        """Put the groups' gradients into `flat.grad`, that of each replica scaled to a norm of at most `max_norm`.

        A replica is clipped by its own norm alone: one that diverges (a norm of NaN or infinity) changes no other.
        """
        gradients = [leaf.grad for leaf in self._leaves if leaf.grad is not None]
        if gradients:  # projection heads have none where λ = 0
            gradient = gradients[0] if len(gradients) == 1 else torch.cat(gradients)
            norm = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
            self.flat.grad = gradient.mul_((max_norm / (norm + 1e-6)).clamp_(max=1.0))

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

    def __call__(self, x: Tensor, lengths: Tensor | None = None, *, shared: bool = False) -> Any:
        """Apply every replica: to its own rows of `x` [R, n, …], or all to the same rows [n, …] where `shared`.

        Returns what the module returns, each tensor with a leading axis R.
        """
        results = []
        for index, group in enumerate(self.groups):
            own = slice(None) if shared else group
            results.append(self.call_group(index, x[own], None if lengths is None else lengths[own], shared=shared))
        if isinstance(results[0], Tensor):
            return torch.cat(results)
        return tuple(torch.cat(values) for values in zip(*results, strict=True))

    def call_group(self, index: int, x: Tensor, lengths: Tensor | None = None, *, shared: bool = False) -> Any:
        """Apply the replicas of group `index`, of G members: as a call does, with G in the place of R."""
        parameters = self._views(self._leaves[index])
        keys = {name: key[self.groups[index]] for name, key in self._keys.items()}
        if self.group_size == 1:
            return self._call_alone(parameters, keys, x, lengths, shared=shared)
        batch_axis = None if shared else 0
        lengths_axis = None if lengths is None else batch_axis
        return vmap(self._call_one, in_dims=(0, 0, batch_axis, lengths_axis))(parameters, keys, x, lengths)

    def _call_alone(
        self,
        parameters: dict[str, Tensor],
        keys: dict[str, Tensor],
        x: Tensor,
        lengths: Tensor | None,
        *,
        shared: bool,
    ) -> Any:
        """The only member of a group, without the batched operations, which have slower kernels on a CPU."""
        if not shared:
            x, lengths = x.squeeze(0), None if lengths is None else lengths.squeeze(0)
        own_parameters = {name: values.squeeze(0) for name, values in parameters.items()}
        result = self._call_one(own_parameters, {name: key.squeeze(0) for name, key in keys.items()}, x, lengths)
        return result.unsqueeze(0) if isinstance(result, Tensor) else tuple(values.unsqueeze(0) for values in result)

    def _call_one(
        self, parameters: dict[str, Tensor], keys: dict[str, Tensor], x: Tensor, lengths: Tensor | None
    ) -> Any:
        arguments = (x,) if lengths is None else (x, lengths)
        return functional_call(self._template, {**parameters, **keys}, arguments)

    def _views(self, flat: Tensor) -> dict[str, Tensor]:
        """The stacked parameters [R, …] as views into `flat` [R, P]."""
        pieces = flat.split([shape.numel() for shape in self._shapes.values()], dim=1)
        return {
            name: piece.unflatten(1, shape) for (name, shape), piece in zip(self._shapes.items(), pieces, strict=True)
        }

"""Replicas of one module trained together, as a single batched model or in turn.

The parameters of R copies lie in one matrix, a row for each, of which the module's stacked parameters are views: one
elementwise optimiser over the matrix does exactly what R separate optimisers do, at the cost of one.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from trainables.dropout import KeyedDropout
from trainables.global_generator import seeded
from trainables.randomness import derived_seed
from trainables.stacked import can_stack, stacked

# Any odd number visits every 32-bit key before one returns; this one is the golden ratio's, which spreads them.
_KEY_STRIDE = 0x61C88647

_EVALUATION = "evaluation"


@dataclass(frozen=True, kw_only=True)
class Values:
    """All numbers of R replicas: the trained parameters `flat` [R, P], and by name what is `held` [R, …] beside them.

    Held are buffers and the parameters that require no gradient: the optimiser never touches them.
    """

    flat: Tensor
    held: dict[str, Tensor]

    def copied_to(self, device: torch.device | str) -> "Values":
        """A copy on `device`, even where these are on it."""
        held = {name: values.to(device, copy=True) for name, values in self.held.items()}
        return Values(flat=self.flat.to(device, copy=True), held=held)


class Replicas:
    """R copies of a module: `flat` [R, P] holds their trained parameters and `flat.grad` their gradients.

    `modules` are the R initialised copies, alike but for their values; they are copied, not kept. Where `packed`, all
    are one group, which is computed as one batched model, and whose buffers must not change; else each is a group by
    itself, which may do whatever a module does.
    """

    def __init__(self, modules: Sequence[nn.Module], device: torch.device, *, packed: bool) -> None:
        self.num_replicas = len(modules)
        self.group_size = self.num_replicas if packed else 1
        self.groups = [slice(start, start + self.group_size) for start in range(0, len(modules), self.group_size)]
        # One a group: what a module keeps in Python must not pass from one replica to the next.
        self._templates = [copy.deepcopy(modules[group.start]).to("meta") for group in self.groups]
        trained = [
            {name: values.detach() for name, values in module.named_parameters() if values.requires_grad}
            for module in modules
        ]
        self._shapes = {name: values.shape for name, values in trained[0].items()}
        self.flat = torch.stack([torch.cat([values.flatten() for values in own.values()]) for own in trained])
        self.flat = self.flat.to(device).requires_grad_()
        # Each group differentiates its own view of the matrix, or a group's backward would write all R rows.
        self._leaves = [self.flat.detach()[group].requires_grad_() for group in self.groups]
        self._stacked: dict[str, nn.Parameter] = {}
        if packed and can_stack(modules[0]):
            # Views that last: taking them anew, and joining their gradients, would cost as much as a small model.
            self._stacked = {name: nn.Parameter(view) for name, view in self._views(self.flat.detach()).items()}
            self._templates = [stacked(self._templates[0], self._stacked)]
        self._dropouts = [
            name
            for name, module in modules[0].named_modules()
            if isinstance(module, KeyedDropout) and module.probability > 0
        ]
        held = [_held(module) for module in modules]
        # One tensor a group: the change of one replica's buffer must not count as a change of another's.
        self._held = [
            {name: torch.stack([own[name] for own in held[group]]).to(device) for name in held[0]}
            for group in self.groups
        ]
        self._state_names = _state_names(modules[0])
        self._base_keys: dict[str, Tensor] = {}
        self._keys: dict[str, Tensor] = {}
        self._draws: tuple[int, Sequence[tuple[str | int, ...]]] | None = None
        self._moment: int | str = _EVALUATION

    def seed_dropout(self, seed: int, path: Sequence[tuple[str | int, ...]]) -> None:
        """Give each replica's `KeyedDropout` layers keys of their own; `path` names the draws of each replica."""
        for name in self._dropouts:
            keys = [derived_seed(seed, *names, name) % 2**32 - 2**31 for names in path]
            self._base_keys[f"{name}.key"] = torch.tensor(keys, dtype=torch.int32, device=self.flat.device)

    def seed_own_draws(self, seed: int, path: Sequence[tuple[str | int, ...]]) -> None:
        """Seed PyTorch's global generators for each call of a replica in turn; `path` names the draws of each replica.

        Draws then depend on the replica and the training step alone; in evaluation they are the same at each call.
        """
        self._draws = (seed, path)

    def train(self, step: int) -> None:
        """Switch to training, with the draws of training step `step`."""
        for template in self._templates:
            if not template.training:  # visiting every layer takes a tenth of a small model's step
                template.train()
        stride = (step * _KEY_STRIDE + 2**31) % 2**32 - 2**31
        self._keys = {name: key + stride for name, key in self._base_keys.items()}
        self._moment = step

    def eval(self) -> None:
        """Switch to evaluation."""
        for template in self._templates:
            template.eval()
        self._keys = self._base_keys
        self._moment = _EVALUATION

    def zero_gradients(self) -> None:
        """Forget the gradients of the last step."""
        self.flat.grad = None
        for leaf in (*self._leaves, *self._stacked.values()):
            leaf.grad = None

    def gather_gradients(self, max_norm: float) -> None:
        """Put the groups' gradients into `flat.grad`, that of each replica scaled to a norm of at most `max_norm`.

        A replica is clipped by its own norm alone: one that diverges (a norm of NaN or infinity) changes no other.
        """
        if self._stacked:
            gradients = [leaf.grad.flatten(1) for leaf in self._stacked.values() if leaf.grad is not None]
        else:
            gradients = [leaf.grad for leaf in self._leaves if leaf.grad is not None]
        if gradients:  # projection heads have none where λ = 0
            gradient = gradients[0] if len(gradients) == 1 else torch.cat(gradients, dim=1 if self._stacked else 0)
            norm = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
            self.flat.grad = gradient.mul_((max_norm / (norm + 1e-6)).clamp_(max=1.0))

    def values(self) -> Values:
        """A copy of all numbers as they are now."""
        held = {name: torch.cat([own[name] for own in self._held]) for name in self._held[0]}
        return Values(flat=self.flat.detach().clone(), held=held)

    @torch.no_grad()
    def keep(self, values: Values, chosen: Tensor) -> None:
        """Copy the numbers of the `chosen` [R] replicas, a boolean each, into `values`."""
        values.flat[chosen] = self.flat[chosen]
        for name, kept in values.held.items():
            kept[chosen] = torch.cat([own[name] for own in self._held])[chosen]

    @torch.no_grad()
    def load(self, values: Values) -> None:
        """Take over all numbers from `values`."""
        self.flat.copy_(values.flat)
        self._held = [
            {name: tensor[group].to(self.flat.device, copy=True) for name, tensor in values.held.items()}
            for group in self.groups
        ]

    def state_of(self, values: Values, replica: int) -> dict[str, Tensor]:
        """State dictionary of the module, on the CPU, of one replica in `values`: its class can load it."""
        found = self._views(values.flat) | values.held
        return {name: found[source][replica].detach().cpu().clone() for name, source in self._state_names.items()}

    @property
    def draws(self) -> bool:
        """Whether training draws random numbers: by layers of `KeyedDropout`, or of the module's own."""
        return bool(self._dropouts) or self._draws is not None

    def parameters_of_group(self, index: int) -> dict[str, Tensor]:
        """The trained parameters [G, …] of group `index`, by name; what is computed of them can be differentiated."""
        return self._views(self._leaves[index])

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
        if self._stacked:
            return self._call_stacked(x, lengths, shared=shared)
        keys = {name: key[self.groups[index]] for name, key in self._keys.items()}
        tensors = {**self.parameters_of_group(index), **keys, **self._held[index]}
        if self.group_size == 1:
            return self._call_alone(index, tensors, x, lengths, shared=shared)
        batch_axis = None if shared else 0
        lengths_axis = None if lengths is None else batch_axis
        call = vmap(_call_one, in_dims=(None, 0, batch_axis, lengths_axis))
        return call(self._templates[index], tensors, x, lengths)

    def _call_stacked(self, x: Tensor, lengths: Tensor | None, *, shared: bool) -> Any:
        template = self._templates[0]
        if shared:
            x = x.expand(self.num_replicas, *x.shape)
        arguments = (x,) if lengths is None else (x, lengths)
        return functional_call(template, self._keys, arguments) if self._keys else template(*arguments)

    def _call_alone(
        self, index: int, tensors: dict[str, Tensor], x: Tensor, lengths: Tensor | None, *, shared: bool
    ) -> Any:
        """The only member of a group, without the batched operations, which have slower kernels on a CPU."""
        if not shared:
            x, lengths = x.squeeze(0), None if lengths is None else lengths.squeeze(0)
        own = {name: values.squeeze(0) for name, values in tensors.items()}
        given = {name: own[name] for name in self._held[index]}
        if self._draws is None:
            result = _call_one(self._templates[index], own, x, lengths)
        else:
            seed, path = self._draws
            with seeded(derived_seed(seed, *path[index], self._moment), self.flat.device):
                result = _call_one(self._templates[index], own, x, lengths)
        for name, values in given.items():
            if own[name] is not values:  # the module has put another tensor in the buffer's place
                self._held[index][name] = own[name].detach().unsqueeze(0)
        return result.unsqueeze(0) if isinstance(result, Tensor) else tuple(values.unsqueeze(0) for values in result)

    def _views(self, flat: Tensor) -> dict[str, Tensor]:
        """The stacked parameters [R, …] as views into `flat` [R, P]."""
        pieces = flat.split([shape.numel() for shape in self._shapes.values()], dim=1)
        named = zip(self._shapes.items(), pieces, strict=True)
        return {name: piece.view(len(flat), *shape) for (name, shape), piece in named}


def _call_one(template: nn.Module, tensors: dict[str, Tensor], x: Tensor, lengths: Tensor | None) -> Any:
    arguments = (x,) if lengths is None else (x, lengths)
    return functional_call(template, tensors, arguments)  # puts into `tensors` what the module puts in their places


def _held(module: nn.Module) -> dict[str, Tensor]:
    """Frozen parameters and buffers by name, without the keys of dropout, which are written before each step."""
    frozen = {name: values.detach() for name, values in module.named_parameters() if not values.requires_grad}
    keys = {id(layer.key) for layer in module.modules() if isinstance(layer, KeyedDropout)}
    return frozen | {name: values for name, values in module.named_buffers() if id(values) not in keys}


def _state_names(module: nn.Module) -> dict[str, str]:
    """For each name in the module's state dictionary, the one name under which its tensor, maybe shared, is kept."""
    first = {id(values): name for name, values in (*module.named_parameters(), *module.named_buffers())}
    state = module.state_dict(keep_vars=True)
    return {name: first[id(values)] for name, values in state.items() if id(values) in first}

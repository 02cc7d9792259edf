"""The training loop of one trial: step, evaluate, save and restore; knows neither Ray nor MLflow."""

import copy
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from alignment import linear_cka, mutual_knn, svcca, symmetric_info_nce
from trainables.config import TrialConfig
from trainables.data.splits import REGRESSION
from trainables.data.stratified import stratified_split
from trainables.pair import build_classifier, build_projection
from trainables.placement import PlacedSplit, PlacedSplits
from trainables.randomness import generator
from trainables.replicas import Replicas, packing_pays
from trainables.task import task_loss

_EVALUATION_NUMBERS = 2**19  # inputs of a forward pass in evaluation: its activations should stay in the cache

ALIGNMENT_METRICS: dict[str, Callable[[Tensor, Tensor], float]] = {
    "cka": linear_cka,
    "svcca": svcca,
    "mutual_knn": mutual_knn,
}


class Training:
    """All replicas of one trial, trained together: L_task(1) + L_task(2) + λ · L_align (paper eq. 5).

    Each replica has its own rows, initialisation, data order and dropout, all named by (seed, stream, replica), so that
    packed, alone or resumed it reaches the same weights to float tolerance. Gradients are clipped for each replica and
    each of its parts by themselves: at λ = 0 the two encoders are two separate trainings. `packed` says whether the
    replicas are computed as one batched model or in turn; where None, what is faster (`packing_pays`).
    Raises ValueError where the data and the configuration do not fit.
    """

    def __init__(self, config: TrialConfig, data: PlacedSplits, *, packed: bool | None = None) -> None:
        self.config = config
        if packed is None:
            packed = packing_pays(data.device, (config.encoder_1, config.encoder_2))
        self.epoch = 0
        self._data = data
        self._device = data.device
        labels = data.train.classes.cpu().numpy()
        self._rows = np.stack([draw_training_rows(labels, config, replica) for replica in config.replicas])
        self._batch_size = min(config.batch_size, self._rows.shape[1])
        self._classifiers, self._projections = self._build_parts(packed)
        self._optimiser = self._build_optimiser()
        self._best_flats = [part.flat.detach().clone() for part in self._parts]
        self._best_accuracy = torch.full((len(config.replicas),), -torch.inf)
        self._best_epoch = torch.zeros(len(config.replicas), dtype=torch.int64)

    @property
    def _parts(self) -> list[Replicas]:
        return [*self._classifiers, *self._projections]

    def run_epoch(self) -> dict[str, np.ndarray]:
        """Train every replica on each of its rows once; a last batch that is not full is left out.

        Returns the mean losses [R] by name: `loss/task/<modality>` (see `task_loss`), and `loss/align` where λ > 0.
        """
        config = self.config
        order = np.stack(
            [
                rows[generator(config.seed, config.stream, replica, "order", self.epoch).permutation(len(rows))]
                for rows, replica in zip(self._rows, config.replicas, strict=True)
            ]
        )
        batches = torch.from_numpy(order).to(self._device).split(self._batch_size, dim=1)
        num_steps = order.shape[1] // self._batch_size
        totals: dict[str, Tensor] = {}
        for step, rows in enumerate(batches[:num_steps]):
            for name, loss in self._step(rows, self.epoch * num_steps + step).items():
                totals[name] = totals.get(name, 0) + loss
        self.epoch += 1
        return {name: (total / num_steps).cpu().numpy() for name, total in totals.items()}

    def validate(self) -> dict[str, np.ndarray]:
        """Accuracy [R] of each encoder on the validation split, `accuracy/<modality>`; NaN for a diverged replica.

        Each replica's weights are kept where the mean over its encoders is its best so far.
        """
        accuracies = {name: hits.mean(dim=1).cpu() for name, (hits, _) in self._evaluate(self._data.valid).items()}
        mean = torch.stack(list(accuracies.values())).mean(dim=0)
        better = mean > self._best_accuracy
        self._best_accuracy = torch.where(better, mean, self._best_accuracy)
        self._best_epoch = torch.where(better, self.epoch, self._best_epoch)
        for best, part in zip(self._best_flats, self._parts, strict=True):
            part.keep(best, better.to(self._device))
        return {f"accuracy/{name}": scores.numpy() for name, scores in accuracies.items()}

    @torch.no_grad()
    def test(self) -> dict[str, np.ndarray]:
        """Scores [R] on the test split, at the epoch that each replica validated best; the weights in training stay.

        `accuracy/<modality>`, for a regression also `accuracy_nonzero/<modality>` without the rows whose value is 0,
        which have no sign, `alignment/<metric>` between the encoders' outputs, and `alignment/projected/<metric>`
        after the projection heads where there are any. NaN for a replica that has diverged from the start.
        """
        last_flats = [part.flat.clone() for part in self._parts]
        self._load_flats(self._best_flats)
        try:
            results = self._evaluate(self._data.test)
            representations = [kept for _, kept in results.values()]
            scores = {f"accuracy/{name}": hits.mean(dim=1).cpu().numpy() for name, (hits, _) in results.items()}
            if self._data.task == REGRESSION:
                has_sign = self._data.test.y != 0
                for name, (hits, _) in results.items():
                    scores[f"accuracy_nonzero/{name}"] = hits[:, has_sign].mean(dim=1).cpu().numpy()
            scores |= _alignment("alignment", *representations)
            if self._projections:
                projected = [p(r.to(self._device)) for p, r in zip(self._projections, representations, strict=True)]
                scores |= _alignment("alignment/projected", *projected)
        finally:
            self._load_flats(last_flats)
        diverged = (self._best_epoch == 0).numpy()
        return {name: np.where(diverged, np.nan, values) for name, values in scores.items()}

    def best_encoders(self) -> dict[str, list[dict[str, Tensor]]]:
        """State dictionaries of each replica's `Classifier` at its best epoch so far, by modality."""
        return {
            name: [part.state_of(best, replica) for replica in range(part.num_replicas)]
            for name, part, best in zip(self._data.modalities, self._classifiers, self._best_flats, strict=False)
        }

    def state_dict(self) -> dict[str, Any]:
        """Everything that a fresh `Training` of the same configuration needs to go on as if it had not stopped."""
        state = {
            "epoch": self.epoch,
            "flats": [part.flat.detach().cpu() for part in self._parts],
            "optimiser": self._optimiser.state_dict(),
            "best_flats": [flat.cpu() for flat in self._best_flats],
            "best_accuracy": self._best_accuracy,
            "best_epoch": self._best_epoch,
        }
        return copy.deepcopy(state)  # on the CPU these are the very tensors that training goes on to change

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what `state_dict` returned."""
        self.epoch = state["epoch"]
        self._load_flats(state["flats"])
        self._optimiser.load_state_dict(copy.deepcopy(state["optimiser"]))
        self._best_flats = [flat.to(self._device).clone() for flat in state["best_flats"]]
        self._best_accuracy = state["best_accuracy"].clone()
        self._best_epoch = state["best_epoch"].clone()

    def _build_parts(self, packed: bool) -> tuple[list[Replicas], list[Replicas]]:
        config = self.config
        classifiers, projections = [], []
        for modality in (1, 2):
            shape = self._data.train.row_shape(modality - 1)
            copies = [
                build_classifier(config, modality, replica, shape, self._data.num_outputs)
                for replica in config.replicas
            ]
            part = Replicas(copies, self._device, packed=packed)
            part.seed_dropout(
                config.seed, [(config.stream, replica, f"dropout {modality}") for replica in config.replicas]
            )
            classifiers.append(part)
            heads = [build_projection(config, modality, r, copies[0].head.in_features) for r in config.replicas]
            if heads[0] is not None:
                heads = [head for head in heads if head is not None]
                projections.append(Replicas(heads, self._device, packed=packed))
        return classifiers, projections

    def _build_optimiser(self) -> torch.optim.Optimizer:
        choice = self.config.hyperparameters
        groups: list[dict[str, Any]] = [
            {
                "params": [part.flat for part in self._classifiers],
                "lr": choice.learning_rate,
                "weight_decay": choice.weight_decay,
            }
        ]
        if self._projections:
            rate, decay = choice.projection_learning_rate, choice.projection_weight_decay
            groups.append(
                {
                    "params": [part.flat for part in self._projections],
                    "lr": choice.learning_rate if rate is None else rate,
                    "weight_decay": choice.weight_decay if decay is None else decay,
                }
            )
        return torch.optim.AdamW(groups, fused=True)

    def _step(self, rows: Tensor, step: int) -> dict[str, Tensor]:
        """One optimiser step on `rows` [R, batch]; returns the losses [R] by name."""
        for part in self._parts:
            part.train(step)
            part.zero_gradients()
        # One group after the other: what a backward pass needs is then held for one group at a time.
        losses = [self._differentiate(index, rows[group]) for index, group in enumerate(self._classifiers[0].groups)]
        for part in self._parts:
            part.gather_gradients(self.config.gradient_clip)
        self._optimiser.step()
        return {name: torch.cat([of_group[name] for of_group in losses]) for name in losses[0]}

    def _differentiate(self, group: int, rows: Tensor) -> dict[str, Tensor]:
        """Forward and backward pass of one group of G replicas on `rows` [G, batch]; returns the losses [G] by name."""
        labels = self._data.train.y[rows]
        losses: dict[str, Tensor] = {}
        aligned = []
        for index, (name, classifier) in enumerate(zip(self._data.modalities, self._classifiers, strict=True)):
            representation, outputs = classifier.call_group(group, *self._data.train.batch(index, rows))
            losses[f"loss/task/{name}"] = task_loss(self._data.task, outputs, labels)
            aligned.append(
                self._projections[index].call_group(group, representation) if self._projections else representation
            )
        total = torch.stack(list(losses.values())).sum(dim=0)
        if self.config.lambda_ > 0:
            # A diverged replica must not stop the others, so the loss is asked not to refuse it.
            losses["loss/align"] = symmetric_info_nce(
                aligned[0], aligned[1], self.config.contrastive_temperature, check_finite=False
            )
            total = total + self.config.lambda_ * losses["loss/align"]
        total.sum().backward()
        return {name: loss.detach() for name, loss in losses.items()}

    @torch.no_grad()
    def _evaluate(self, data: PlacedSplit) -> dict[str, tuple[Tensor, Tensor]]:
        """By modality: the rows' hits [R, n], and the representations [R, m, d] that alignment is measured on."""
        results = {}
        num_kept = self.config.alignment_samples
        for index, (name, classifier) in enumerate(zip(self._data.modalities, self._classifiers, strict=True)):
            classifier.eval()
            hits, kept = [], []
            num_rows = max(1, _EVALUATION_NUMBERS // (classifier.group_size * prod(data.row_shape(index))))
            for start in range(0, len(data), num_rows):
                rows = slice(start, start + num_rows)
                representation, outputs = classifier(*data.batch(index, rows), shared=True)
                hits.append(data.hits(outputs, rows))
                kept.append(representation[:, : max(0, num_kept - start)])
            results[name] = (torch.cat(hits, dim=1), torch.cat(kept, dim=1).cpu())
        return results

    def _load_flats(self, flats: list[Tensor]) -> None:
        for part, flat in zip(self._parts, flats, strict=True):
            part.load(flat)


def draw_training_rows(labels: np.ndarray, config: TrialConfig, replica: int) -> np.ndarray:
    """Rows that one replica trains on: all, or `train_samples` drawn at random with the classes in proportion.

    `labels`: int [n], of the training split. Returns int64 [train_samples].
    Raises ValueError where there are not as many rows as asked for.
    """
    count = config.train_samples
    if count is None or count == len(labels):
        return np.arange(len(labels))
    if not 1 < count < len(labels):
        raise ValueError(f"train_samples must be between 2 and the {len(labels)} training rows, got {count}")
    draw = generator(config.seed, config.stream, replica, "rows")
    return stratified_split(labels, (count, len(labels) - count), draw)[0]


def _alignment(prefix: str, first: Tensor, second: Tensor) -> dict[str, np.ndarray]:
    """Alignment metrics [R] between representations [R, n, d]; NaN where a replica's are not finite."""
    finite = [bool(a.isfinite().all() and b.isfinite().all()) for a, b in zip(first, second, strict=True)]
    return {
        f"{prefix}/{name}": np.array(
            [metric(a, b) if ok else np.nan for a, b, ok in zip(first, second, finite, strict=True)]
        )
        for name, metric in ALIGNMENT_METRICS.items()
    }

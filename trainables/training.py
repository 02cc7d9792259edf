"""The training loop of one trial: step, evaluate, save and restore; knows neither Ray nor MLflow."""

import copy
from collections.abc import Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainables.batches import Batch, Batches
from trainables.config import Hyperparameters, Refused, TrialConfig
from trainables.data.splits import REGRESSION
from trainables.data.stratified import stratified_split
from trainables.measured_alignment import measure_alignment, measured_places
from trainables.packing import of_each
from trainables.parts import build_optimiser, build_parts
from trainables.placement import PlacedSplit, PlacedSplits
from trainables.randomness import generator
from trainables.replicas import Values
from trainables.task import task_loss
from trainables.tested import Tested

_EVALUATION_NUMBERS = 2**19  # inputs of a forward pass in evaluation: its activations should stay in the cache


class Training:
    """All replicas of one trial, trained together: L_task(1) + L_task(2) + λ · L_align (paper eq. 5).

    Each replica has its own rows, initialisation, data order and dropout, all named by (seed, stream, replica), so that
    packed, alone or resumed it reaches the same weights to float tolerance. Gradients are clipped for each replica and
    each of its parts by themselves: at λ = 0 the two encoders are two separate trainings. The scalars that the
    objective learns are such a part too. `packed` says whether the replicas are computed as one batched model or in
    turn; where None, packed if that pays for both encoders. `encoder_names`: how results name the two encoders; None:
    by their modalities. `choices` [R]: each replica's own hyperparameters, which may differ in learning rates and
    weight decays, as `packing.packed` gives them; None: those of `config` for all.
    Raises Refused where the data and the configuration do not fit.
    """

    def __init__(
        self,
        config: TrialConfig,
        data: PlacedSplits,
        *,
        packed: bool | None = None,
        encoder_names: tuple[str, str] | None = None,
        choices: Sequence[Hyperparameters] | None = None,
    ) -> None:
        self.config = config
        if packed is None:
            packed = all(each.packing_pays(data.device.type) for each in (config.encoder_1, config.encoder_2))
        self.epoch = 0
        self._data = data
        self._names = encoder_names or data.modalities
        self._device = data.device
        labels = data.train.classes.cpu().numpy()
        rows = np.stack(of_each(config.replicas, partial(draw_training_rows, labels, config)))
        self._parts = build_parts(config, data, packed=packed)
        has_masks = any(part.draws for part in self._parts.all)  # a mask belongs to a position in the batch
        self._batches = Batches(config, data.train, rows, ordered=has_masks)
        self._optimiser = build_optimiser(self._parts, choices or [config.hyperparameters] * len(config.replicas))
        self._best = self._values()
        self._best_accuracy = torch.full((len(config.replicas),), -torch.inf)
        self._best_epoch = torch.zeros(len(config.replicas), dtype=torch.int64)

    def run_epoch(self) -> dict[str, np.ndarray]:
        """Train every replica on each of its rows once; a last batch that is not full is left out.

        Returns the mean losses [R] by name: `loss/task/<encoder>` (see `task_loss`), and `loss/align` where λ > 0.
        """
        num_steps = self._batches.num_steps
        totals: dict[str, Tensor] = {}
        for step, batch in enumerate(self._batches.of_epoch(self.epoch)):
            for name, loss in self._step(batch, self.epoch * num_steps + step).items():
                totals[name] = totals[name] + loss if step else loss
        self.epoch += 1
        return {name: (total / num_steps).cpu().numpy() for name, total in totals.items()}

    def validate(self) -> dict[str, np.ndarray]:
        """Accuracy [R] of each encoder on the validation split, `accuracy/<encoder>`; NaN for a diverged replica.

        Each replica's weights are kept where the mean over its encoders is its best so far.
        """
        accuracies = {
            name: hits.mean(dim=1).cpu() for name, (hits, _) in self._evaluate(self._data.valid, num_kept=0).items()
        }
        mean = torch.stack(list(accuracies.values())).mean(dim=0)
        better = mean > self._best_accuracy
        self._best_accuracy = torch.where(better, mean, self._best_accuracy)
        self._best_epoch = torch.where(better, self.epoch, self._best_epoch)
        for best, part in zip(self._best, self._parts.all, strict=True):
            part.keep(best, better.to(self._device))
        return {f"accuracy/{name}": scores.numpy() for name, scores in accuracies.items()}

    @torch.no_grad()
    def test(self) -> Tested:
        """Results on the test split, at the epoch that each replica validated best; the weights in training stay.

        Scores are `accuracy/<encoder>`, and for a regression `accuracy_nonzero/<encoder>` without the rows whose
        value is 0, which have no sign. Alignment is `alignment/…` between the encoders' outputs and
        `alignment/projected/…` after the projection heads where there are any, as of `measure_alignment`.
        """
        last, data = self._values(), self._data.test
        self._load(self._best)
        try:
            results = self._evaluate(data)
            alignment = self._alignment([kept for _, kept in results.values()])
        finally:
            self._load(last)
        hits = {name: of_rows for name, (of_rows, _) in results.items()}
        scores = {f"accuracy/{name}": of_rows.mean(dim=1) for name, of_rows in hits.items()}
        if self._data.task == REGRESSION:
            has_sign = data.y != 0
            scores |= {f"accuracy_nonzero/{name}": of_rows[:, has_sign].mean(dim=1) for name, of_rows in hits.items()}
        places, diverged = measured_places(self.config), (self._best_epoch == 0).numpy()
        # Where the population is known, a score is no mean over rows that were right or wrong.
        counted = {} if data.knows_population else hits
        return Tested(
            replicas=self.config.replicas,
            scores={name: np.where(diverged, np.nan, values.cpu()) for name, values in scores.items()},
            measured=[self.config.replicas[place] for place in places],
            alignment={name: np.where(diverged[places], np.nan, values) for name, values in alignment.items()},
            hits={name: (of_rows == 1).cpu().numpy() & ~diverged[:, None] for name, of_rows in counted.items()},
            groups=data.groups,
        )

    def best_encoders(self) -> dict[str, list[dict[str, Tensor]]]:
        """State dictionaries of each replica's `Classifier` at its best epoch so far, by modality; buffers too."""
        return {
            name: [part.state_of(best, replica) for replica in range(part.num_replicas)]
            for name, part, best in zip(self._data.modalities, self._parts.classifiers, self._best, strict=False)
        }

    def state_dict(self) -> dict[str, Any]:
        """Everything that a fresh `Training` of the same configuration needs to go on as if it had not stopped."""
        now, best = ([v.copied_to("cpu") for v in values] for values in (self._values(), self._best))
        return {
            "epoch": self.epoch,
            "flats": [values.flat for values in now],
            "held": [values.held for values in now],
            "optimiser": copy.deepcopy(self._optimiser.state_dict()),
            "best_flats": [values.flat for values in best],
            "best_held": [values.held for values in best],
            "best_accuracy": self._best_accuracy.clone(),
            "best_epoch": self._best_epoch.clone(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what `state_dict` returned."""
        now, best = (
            [Values(flat=flat, held=held) for flat, held in zip(state[flats], state[helds], strict=True)]
            for flats, helds in (("flats", "held"), ("best_flats", "best_held"))
        )
        self.epoch = state["epoch"]
        self._load(now)
        self._optimiser.load_state_dict(state["optimiser"])
        self._best = [values.copied_to(self._device) for values in best]
        self._best_accuracy = state["best_accuracy"].clone()
        self._best_epoch = state["best_epoch"].clone()

    def _step(self, batch: Batch, step: int) -> dict[str, Tensor]:
        """One optimiser step on a batch; returns the losses [R] by name."""
        parts = self._parts.all
        for part in parts:
            part.train(step)
            part.zero_gradients()
        # One group after the other: what a backward pass needs is then held for one group at a time.
        groups = self._parts.classifiers[0].groups
        losses = [self._differentiate(index, batch.part(replicas=group)) for index, group in enumerate(groups)]
        for part in parts:
            part.gather_gradients(self.config.gradient_clip)
        self._optimiser.step()
        if len(losses) == 1:
            return losses[0]
        return {name: torch.cat([of_group[name] for of_group in losses]) for name in losses[0]}

    def _differentiate(self, group: int, batch: Batch) -> dict[str, Tensor]:
        """Forward and backward pass of one group of G replicas on their batch; returns the losses [G] by name."""
        losses: dict[str, Tensor] = {}
        representations = []
        for name, classifier, inputs in zip(self._names, self._parts.classifiers, batch.inputs, strict=True):
            representation, outputs = classifier.call_group(group, *inputs)
            losses[f"loss/task/{name}"] = task_loss(self._data.task, outputs, batch.labels)
            representations.append(representation)
        weights = [1.0] * len(losses)
        if self.config.lambda_ > 0:
            losses["loss/align"] = self._alignment_loss(group, representations)
            weights.append(self.config.lambda_)
        # The gradient of the weighted sum, without a graph for the sum.
        torch.autograd.backward(
            list(losses.values()),
            [weight * torch.ones_like(loss) for loss, weight in zip(losses.values(), weights, strict=True)],
        )
        return {name: loss.detach() for name, loss in losses.items()}

    def _alignment_loss(self, group: int, representations: list[Tensor]) -> Tensor:
        """L_align [G] of one group of G replicas, of its representations or their projections."""
        aligned = [
            projection.call_group(group, representation)
            for projection, representation in zip(self._parts.projections, representations, strict=False)
        ] or representations
        width = self.config.aligned_width
        first, second = aligned if width is None else (each[..., :width] for each in aligned)
        learnt = {} if self._parts.learnt is None else self._parts.learnt.parameters_of_group(group)
        return self.config.objective(first, second, **learnt)

    @torch.no_grad()
    def _evaluate(self, data: PlacedSplit, num_kept: int | None = None) -> dict[str, tuple[Tensor, Tensor]]:
        """By encoder: the rows' hits [R, n], and the representations [R, m, d] of the first rows.

        `num_kept` is m; None for as many as alignment is measured on.
        """
        results = {}
        num_kept = self.config.alignment_samples if num_kept is None else num_kept
        for index, (name, classifier) in enumerate(zip(self._names, self._parts.classifiers, strict=True)):
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

    def _alignment(self, representations: list[Tensor]) -> dict[str, np.ndarray]:
        """Metrics [M] of the measured replicas, from the representations [R, m, d] of all on the CPU."""
        places = measured_places(self.config)
        if not places:
            return {}
        first, second = (kept[places] for kept in representations)
        found = measure_alignment("alignment", self.config, first, second)
        if self._parts.projections:
            first, second = (
                project(kept.to(self._device))[places]
                for project, kept in zip(self._parts.projections, representations, strict=True)
            )
            found |= measure_alignment("alignment/projected", self.config, first, second)
        return found

    def _values(self) -> list[Values]:
        return [part.values() for part in self._parts.all]

    def _load(self, values: list[Values]) -> None:
        for part, own in zip(self._parts.all, values, strict=True):
            part.load(own)


def draw_training_rows(labels: np.ndarray, config: TrialConfig, replica: int) -> np.ndarray:
    """Rows that one replica trains on: all, or `train_samples` drawn at random with the classes in proportion.

    Where it would have all and `resamples_rows` is set, as many are drawn with replacement, class by class.
    `labels`: int [n], of the training split. Returns int64 [train_samples], or [n].
    Raises Refused where there are not as many rows as asked for.
    """
    count = config.train_samples
    draw = generator(config.seed, config.stream, replica, "rows")
    if count is None or count == len(labels):
        return _resampled(labels, draw) if config.resamples_rows else np.arange(len(labels))
    if not 1 < count < len(labels):
        raise Refused(f"train_samples must be between 2 and the {len(labels)} training rows, got {count}")
    return stratified_split(labels, (count, len(labels) - count), draw)[0]


def _resampled(labels: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """As many rows of each class as there are, drawn with replacement: the bootstrap of the training split."""
    by_class = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return np.sort(np.concatenate([draw.choice(rows, size=len(rows)) for rows in by_class]))

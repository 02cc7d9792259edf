"""Seeds at each λ as a competent user trains them with stock Ray Tune: the alternative of benchmarks/evidence.py.

For each λ an ASHA over configurations, then the best of them with other seeds to the end, which are tested. One trial a
seed, actors that are reused, and the stock MLflow callback on sqlite. Prints one JSON line.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import ray
import torch
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search import BasicVariantGenerator
from stock_study import LEARNING_RATES, WEIGHT_DECAYS, Classifier, info_nce
from torch import Tensor, nn
from torch.nn import functional

ROWS = 256
REPORTS = 9
FIRST_CONFIRMING_SEED = 1000


class Seed(tune.Trainable):
    """One configuration with one seed, on rows of its own; reports as often as ours."""

    def setup(self, config: dict[str, Any], data: dict[str, np.ndarray], epochs: int) -> None:
        """Prepare the worker, then the first trial."""
        torch.set_num_threads(1)
        self._tensors = {name: torch.tensor(values) for name, values in data.items()}
        self._epochs = epochs
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin another trial in the same worker."""
        self._config = new_config
        torch.manual_seed(new_config["seed"])
        rows = torch.randperm(len(self._tensors["train_y"]))[:ROWS]
        self._batch = [self._tensors[f"train_{name}"][rows] for name in ("x1", "x2", "y")]
        self._models = [Classifier(), Classifier()]
        self._parameters = [parameter for model in self._models for parameter in model.parameters()]
        self._optimiser = torch.optim.AdamW(
            self._parameters, lr=new_config["learning_rate"], weight_decay=new_config["weight_decay"]
        )
        self._epoch = 0
        return True

    def step(self) -> dict[str, float]:
        """Train up to the next report; the last one has the accuracy on the test split too."""
        for _ in range(min(max(1, self._epochs // REPORTS), self._epochs - self._epoch)):
            self._train_step()
            self._epoch += 1
        first, second = self._accuracies("valid")
        report = {"accuracy": (first + second) / 2, "accuracy_1": first, "accuracy_2": second}
        if self._epoch >= self._epochs:
            report["test_accuracy_1"], report["test_accuracy_2"] = self._accuracies("test")
        return report | {"epoch": self._epoch}

    def _train_step(self) -> None:
        x1, x2, labels = self._batch  # all rows are one batch
        z1, logits1 = self._models[0](x1)
        z2, logits2 = self._models[1](x2)
        loss = functional.cross_entropy(logits1, labels) + functional.cross_entropy(logits2, labels)
        if self._config["lambda"] > 0:
            loss = loss + self._config["lambda"] * info_nce(z1, z2)
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._parameters, 1.0)
        self._optimiser.step()

    @torch.no_grad()
    def _accuracies(self, split: str) -> list[float]:
        return [
            _accuracy(model(self._tensors[f"{split}_x{index}"])[1], self._tensors[f"{split}_y"])
            for index, model in enumerate(self._models, start=1)
        ]


def _accuracy(logits: Tensor, labels: Tensor) -> float:
    return (logits.argmax(1) == labels).float().mean().item()


def main() -> None:
    """Run the study over the rows in --data and print what was tested."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="npz with train_x1, …, valid_…, test_…")
    parser.add_argument("--work-dir", type=Path, required=True)
    parser.add_argument("--lambdas", type=float, nargs="+", required=True)
    parser.add_argument("--configurations", type=int, required=True)
    parser.add_argument("--search-seeds", type=int, required=True)
    parser.add_argument("--seeds", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    arguments = parser.parse_args()
    work_dir = arguments.work_dir.absolute()
    ray.init(include_dashboard=False, log_to_driver=False)
    trainable = tune.with_parameters(Seed, data=dict(np.load(arguments.data)), epochs=arguments.epochs)

    def fit(name: str, space: dict[str, Any], **settings: Any) -> tune.ResultGrid:
        callback = MLflowLoggerCallback(tracking_uri=f"sqlite:///{work_dir}/stock.db", experiment_name="stock")
        return tune.Tuner(
            trainable,
            param_space=space,
            tune_config=tune.TuneConfig(metric="accuracy", mode="max", reuse_actors=True, **settings),
            run_config=tune.RunConfig(
                name=name,
                storage_path=str(work_dir / "ray"),
                verbose=0,
                stop={"epoch": arguments.epochs},
                callbacks=[callback],
            ),
        ).fit()

    trials, tested = 0, 0
    for lambda_ in arguments.lambdas:
        searched = fit(
            f"search-{lambda_}",
            {
                "lambda": lambda_,
                "learning_rate": tune.choice(LEARNING_RATES),
                "weight_decay": tune.choice(WEIGHT_DECAYS),
                "seed": tune.grid_search(list(range(arguments.search_seeds))),
            },
            num_samples=arguments.configurations,
            # Without this each seed of a configuration would draw hyperparameters of its own.
            search_alg=BasicVariantGenerator(constant_grid_search=True, random_state=0),
            scheduler=ASHAScheduler(max_t=REPORTS + 1, grace_period=1, reduction_factor=3),
        )
        best = searched.get_best_result().config
        seeds = range(FIRST_CONFIRMING_SEED, FIRST_CONFIRMING_SEED + arguments.seeds)
        confirmed = fit(f"confirm-{lambda_}", {**(best or {}), "seed": tune.grid_search(list(seeds))})
        trials += len(searched) + len(confirmed)
        tested += sum("test_accuracy_2" in (result.metrics or {}) for result in confirmed)
    ray.shutdown()
    print(json.dumps({"trials": trials, "tested": tested}))


if __name__ == "__main__":
    main()

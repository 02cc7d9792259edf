"""A λ study as a competent user writes it with stock Ray Tune: the alternative that benchmarks/study.py measures.

One trial a seed, an ASHA for each λ, a report an epoch, the stock MLflow callback on sqlite. Prints one JSON line.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import ray
import torch
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search import BasicVariantGenerator
from torch import nn
from torch.nn import functional

TEMPERATURE = 0.1
BATCH_SIZE = 512
WIDTH = 12
NUM_CLASSES = 4
LEARNING_RATES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
WEIGHT_DECAYS = (0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5)


class Classifier(nn.Module):
    """MLP encoder with a linear head."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH)
        )
        self.head = nn.Linear(WIDTH, NUM_CLASSES)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Representations and logits of a batch [n, 12]."""
        z = self.encoder(x)
        return z, self.head(z)


def info_nce(z1: torch.Tensor, z2: torch.Tensor) -> torch.Tensor:
    """Symmetric InfoNCE by two cross-entropies."""
    logits = functional.normalize(z1, dim=1) @ functional.normalize(z2, dim=1).T / TEMPERATURE
    targets = torch.arange(len(logits))
    return (functional.cross_entropy(logits, targets) + functional.cross_entropy(logits.T, targets)) / 2


def train(config: dict, data: dict[str, np.ndarray], epochs: int) -> None:
    """One trial: one configuration with one seed."""
    torch.set_num_threads(1)
    torch.manual_seed(config["seed"])
    tensors = {name: torch.tensor(values) for name, values in data.items()}
    models = [Classifier(), Classifier()]
    parameters = [parameter for model in models for parameter in model.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=config["learning_rate"], weight_decay=config["weight_decay"])
    for _ in range(epochs):
        for rows in torch.randperm(len(tensors["train_y"])).split(BATCH_SIZE):
            z1, logits1 = models[0](tensors["train_x1"][rows])
            z2, logits2 = models[1](tensors["train_x2"][rows])
            labels = tensors["train_y"][rows]
            loss = functional.cross_entropy(logits1, labels) + functional.cross_entropy(logits2, labels)
            if config["lambda"] > 0:
                loss = loss + config["lambda"] * info_nce(z1, z2)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
        with torch.no_grad():
            accuracies = [
                (model(tensors[f"valid_x{index}"])[1].argmax(1) == tensors["valid_y"]).float().mean().item()
                for index, model in enumerate(models, start=1)
            ]
        tune.report({"accuracy": sum(accuracies) / 2, "accuracy_1": accuracies[0], "accuracy_2": accuracies[1]})


def main() -> None:
    """Run the study over the rows in --data and print how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="npz with train_x1, train_x2, train_y, valid_…")
    parser.add_argument("--work-dir", type=Path, required=True)
    parser.add_argument("--lambdas", type=float, nargs="+", default=[0, 0.2, 0.4, 0.6, 0.8, 1, 2])
    parser.add_argument("--configurations", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=30)
    arguments = parser.parse_args()
    start = time.perf_counter()
    data = dict(np.load(arguments.data))
    ray.init(include_dashboard=False, log_to_driver=False)
    best, num_trials = {}, 0
    for lambda_ in arguments.lambdas:
        tuner = tune.Tuner(
            tune.with_parameters(train, data=data, epochs=arguments.epochs),
            param_space={
                "lambda": lambda_,
                "learning_rate": tune.choice(LEARNING_RATES),
                "weight_decay": tune.choice(WEIGHT_DECAYS),
                "seed": tune.grid_search(list(range(arguments.seeds))),
            },
            tune_config=tune.TuneConfig(
                metric="accuracy",
                mode="max",
                num_samples=arguments.configurations,
                # Without this each seed of a configuration would draw hyperparameters of its own.
                search_alg=BasicVariantGenerator(constant_grid_search=True, random_state=0),
                scheduler=ASHAScheduler(
                    max_t=arguments.epochs, grace_period=max(1, arguments.epochs // 9), reduction_factor=3
                ),
            ),
            run_config=tune.RunConfig(
                name=f"lambda-{lambda_}",
                storage_path=str(arguments.work_dir.absolute() / "ray"),
                verbose=0,
                callbacks=[
                    MLflowLoggerCallback(
                        tracking_uri=f"sqlite:///{arguments.work_dir.absolute()}/stock.db", experiment_name="stock"
                    )
                ],
            ),
        )
        results = tuner.fit()
        num_trials += len(results)
        best[lambda_] = max(result.metrics["accuracy"] for result in results if result.metrics)
    ray.shutdown()
    print(json.dumps({"seconds": time.perf_counter() - start, "num_trials": num_trials, "best": best}))


if __name__ == "__main__":
    main()

"""Is there a joint table that `pid.broja` does not certify, or certifies for what it is not?

    OMP_NUM_THREADS=1 python benchmarks/broja_fuzz.py --tables 300                # a minute or so
    OMP_NUM_THREADS=1 python benchmarks/broja_fuzz.py --tables 10008 --jobs 2     # what the committed table holds

Random tables of many kinds, 2 to 40 values of each modality and up to 10 classes. Prints, and writes as CSV, for each
kind: how many were certified to 1e-6 bits and to 1e-9, the largest gap, the most steps, and the largest errors against
informations that are computed naively; and of counts drawn from each table, decomposed by themselves and near it, how
many were certified. Each failure is named by the seed and the number that draw its table again.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import tyro
from harness import Row, print_table
from joblib import Parallel, delayed

from pid import BrojaResult, broja

STUDIES = Path(__file__).parents[1] / "studies" / "results"
TOLERANCE, TIGHT = 1e-6, 1e-9
# Naive entropies are sums of up to 16,000 terms, whose rounding adds up.
ROUNDING = 1e-11

Shape = tuple[int, int, int]
Draw = np.random.Generator


def dirichlet(draw: Draw, shape: Shape, concentration: float = 1.0) -> np.ndarray:
    """Any probabilities; below a concentration of 1 a few entries have most of the mass, and some underflow to 0."""
    return draw.dirichlet(np.full(math.prod(shape), concentration)).reshape(shape)


def product_of_margins(draw: Draw, shape: Shape) -> np.ndarray:
    """X1, X2 and Y independent."""
    return np.einsum("i,j,k", *(draw.dirichlet(np.ones(size)) for size in shape))


def counted(draw: Draw, probabilities: np.ndarray, most: int) -> np.ndarray:
    """Counts of 10 to `most` draws, as many of each order of magnitude."""
    num_draws = int(10 * (most / 10) ** draw.random())
    return draw.multinomial(num_draws, probabilities.ravel()).reshape(probabilities.shape)


def determined(draw: Draw, shape: Shape, noise: float) -> np.ndarray:
    """Each pair has one label, and any other with a share of `noise`."""
    labels = draw.integers(0, shape[2], shape[:2])
    return dirichlet(draw, shape) * np.where(np.arange(shape[2]) == labels[:, :, None], 1.0, noise)


def with_holes(draw: Draw, shape: Shape) -> np.ndarray:
    """Each entry is there with a probability that is 2 % to 60 %."""
    return dirichlet(draw, shape) * (draw.random(shape) < draw.uniform(0.02, 0.6))


def with_empty_values(draw: Draw, shape: Shape) -> np.ndarray:
    """Whole values of X1, X2 and Y never occur."""
    present = (draw.random(size) < 0.6 for size in shape)
    return dirichlet(draw, shape) * np.einsum("i,j,k", *present)


def of_scales(draw: Draw, shape: Shape) -> np.ndarray:
    """Values of X1, X2 and Y that are up to a million million times rarer than others."""
    return dirichlet(draw, shape) * np.einsum("i,j,k", *(10 ** draw.uniform(-12, 0, size) for size in shape))


def noisy_copies(draw: Draw, shape: Shape) -> np.ndarray:
    """Both modalities see one latent value, each through noise of its own, and so does the label: a tie, nearly."""
    seen = [10 ** draw.uniform(-8, 0) / size + np.eye(max(shape), size) for size in shape]
    return np.einsum("zi,zj,zk", *seen)


def one_that_tells_all(draw: Draw, shape: Shape) -> np.ndarray:
    """Given X1, X2 says nothing more: unique information of X2 and synergy are 0."""
    return np.einsum(
        "i,ij,ik->ijk",
        draw.dirichlet(np.ones(shape[0])),
        draw.dirichlet(np.full(shape[1], 0.5), shape[0]),
        draw.dirichlet(np.full(shape[2], 0.5), shape[0]),
    )


def one_almost_certain_event(draw: Draw, shape: Shape) -> np.ndarray:
    """All the rest is rare."""
    table = dirichlet(draw, shape) * 10 ** draw.uniform(-12, -3)
    table[tuple(draw.integers(0, size) for size in shape)] = 1
    return table


KINDS: dict[str, Callable[[Draw, Shape], np.ndarray]] = {
    "dense": dirichlet,
    "concentrated": lambda draw, shape: dirichlet(draw, shape, 10 ** draw.uniform(-2, 0)),
    "even": lambda draw, shape: dirichlet(draw, shape, 10 ** draw.uniform(0, 4)),
    "holes": with_holes,
    "empty values": with_empty_values,
    "counts": lambda draw, shape: counted(draw, dirichlet(draw, shape), 2000),
    "counts of independent": lambda draw, shape: counted(draw, product_of_margins(draw, shape), 100_000),
    "independent": product_of_margins,
    "almost independent": lambda draw, shape: (
        product_of_margins(draw, shape) * (1 + 10 ** draw.uniform(-10, -1) * draw.random(shape))
    ),
    "determined": lambda draw, shape: determined(draw, shape, 0.0),
    "almost determined": lambda draw, shape: determined(draw, shape, 10 ** draw.uniform(-15, -1)),
    "counts of determined": lambda draw, shape: counted(draw, determined(draw, shape, 0.0), 10_000),
    "noisy copies": noisy_copies,
    "one tells all": one_that_tells_all,
    "rare values": of_scales,
    "rare entries": lambda draw, shape: 10 ** draw.uniform(-12, 0, shape),
    "one almost certain event": one_almost_certain_event,
    "one class": lambda draw, shape: dirichlet(draw, (*shape[:2], 1)),
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What `broja` made of one table. All but `steps` in bits; errors are against naive sums, 0 where all is right.

    `excess`: how far the result's union information is from that of the same table at 1e-9 bits; what of it the two
    gaps do not allow is in `broken`, as is what a bound that needs no solver forbids. `near_gap`, `near_steps`: of
    counts that are decomposed near the table; `own_steps`: of these by themselves.
    """

    kind: str
    number: int
    shape: Shape
    gap: float
    tight_gap: float
    steps: int
    identity_error: float
    margin_error: float
    excess: float
    broken: float
    near_gap: float
    near_steps: int
    own_steps: int

    @property
    def sound(self) -> bool:
        """Certified, and nothing that contradicts the certificate."""
        return (
            max(self.gap, self.near_gap) <= TOLERANCE
            and max(self.identity_error, self.broken, self.margin_error) <= ROUNDING
        )


def table_of(number: int, seed: int) -> tuple[str, np.ndarray]:
    """The kind of table number `number`, and the table."""
    draw = np.random.default_rng([seed, number])
    kind = list(KINDS)[number % len(KINDS)]
    num_1, num_2 = (int(2 * 20.5 ** draw.random()) for _ in range(2))
    shape = (num_1, num_2, int(draw.integers(2, 11)))
    table = KINDS[kind](draw, shape).astype(np.float64)
    while not table.any():
        table = KINDS[kind](draw, shape).astype(np.float64)
    return kind, table


def outcome(number: int, seed: int) -> Outcome:
    """Decompose one table at both tolerances and hold the results against what is known without a solver."""
    kind, table = table_of(number, seed)
    result, tight = (broja(table, tolerance=bits, raise_on_failure=False) for bits in (TOLERANCE, TIGHT))
    probabilities = table / table.sum()
    margins = probabilities.sum(axis=1), probabilities.sum(axis=0)
    information_1, information_2 = (naive_information(margin) for margin in margins)
    atoms = result.atoms
    identities = (
        atoms.information_1 - information_1,
        atoms.information_2 - information_2,
        atoms.total - naive_information(probabilities.reshape(-1, table.shape[2])),
        union(result) - naive_information(result.joint.reshape(-1, table.shape[2])),
    )
    found = result.joint.sum(axis=1), result.joint.sum(axis=0)
    excess = union(result) - union(tight)
    classes = probabilities.sum(axis=(0, 1))
    independent = margins[0][:, None, :] * margins[1] / np.where(classes > 0, classes, 1)
    counts = counted(np.random.default_rng([seed, number, 1]), probabilities, 1_000_000)
    by_itself, near = (broja(counts, near=other, raise_on_failure=False) for other in (None, result))
    difference = union(near) - union(by_itself)
    return Outcome(
        kind=kind,
        number=number,
        shape=table.shape,
        gap=result.gap_bits,
        tight_gap=tight.gap_bits,
        steps=result.iterations,
        identity_error=max(map(abs, identities)),
        margin_error=max(float(np.abs(ours - true).max()) for ours, true in zip(found, margins, strict=True)),
        excess=excess,
        broken=max(
            0.0,
            excess - result.gap_bits,
            -excess - tight.gap_bits,
            max(information_1, information_2) - union(result),
            union(result) - naive_information(independent.reshape(-1, table.shape[2])) - result.gap_bits,
            -min(atoms.redundancy, atoms.synergy) - result.gap_bits,
            -float(result.joint.min()),
            difference - near.gap_bits,
            -difference - by_itself.gap_bits,
        ),
        near_gap=near.gap_bits,
        near_steps=near.iterations,
        own_steps=by_itself.iterations,
    )


def union(result: BrojaResult) -> float:
    """Union information in bits."""
    return result.atoms.redundancy + result.atoms.unique_1 + result.atoms.unique_2


def naive_information(joint: np.ndarray) -> float:
    """H(X) + H(Y) - H(X, Y) of joint probabilities [n, m], in bits, each entropy summed without rounding."""
    return entropy(joint.sum(axis=1)) + entropy(joint.sum(axis=0)) - entropy(joint.ravel())


def entropy(probabilities: np.ndarray) -> float:
    """Entropy in bits."""
    positive = probabilities[probabilities > 0]
    return -math.fsum(positive * np.log2(positive))


def summary(outcomes: pd.DataFrame) -> list[Row]:
    """One row a kind, and one of all tables."""
    parts = [*outcomes.groupby("kind", sort=False), ("all", outcomes)]
    return [
        {
            "kind": str(kind),
            "tables": len(part),
            "certified to 1e-6": int((part["gap"] <= TOLERANCE).sum()),
            "to 1e-9": int((part["tight_gap"] <= TIGHT).sum()),
            "largest gap": float(part["gap"].max()),
            "largest of 1e-9": float(part["tight_gap"].max()),
            "largest excess": float(part["excess"].max()),
            "median steps": float(part["steps"].median()),
            "most steps": int(part["steps"].max()),
            "identity error": float(part["identity_error"].max()),
            "margin error": float(part["margin_error"].max()),
            "bounds broken by": float(part["broken"].max()),
            "near to 1e-6": int((part["near_gap"] <= TOLERANCE).sum()),
            "mean steps near": float(part["near_steps"].mean()),
            "by itself": float(part["own_steps"].mean()),
            "most near": int(part["near_steps"].max()),
            "most by itself": int(part["own_steps"].max()),
        }
        for kind, part in parts
    ]


def main(out: Path = STUDIES / "broja_fuzz", tables: int = 3000, seed: int = 0, jobs: int = 1) -> None:
    """Print the table, write it as CSV, and name every failure.

    Args:
        out: Folder of the table.
        tables: How many, all kinds in turn.
        seed: Seed of all draws.
        jobs: Processes.

    """
    drawn = Parallel(n_jobs=jobs)(delayed(outcome)(number, seed) for number in range(tables))
    outcomes = cast("list[Outcome]", drawn)
    rows = summary(pd.DataFrame([asdict(each) for each in outcomes]))
    print_table(rows)
    for each in outcomes:
        if not each.sound:
            print(f"seed {seed}: {each}")
    out.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(out / "broja_fuzz.csv", index=False, float_format="%.3g")


if __name__ == "__main__":
    tyro.cli(main)

"""How far are estimates from the truth, do their intervals hold it, and how often is noise called information?

    OMP_NUM_THREADS=1 python benchmarks/pid_bias.py            # half an hour on one core
    OMP_NUM_THREADS=1 python benchmarks/pid_bias.py --quick    # a minute; too few repeats to judge coverage by

Samples are drawn from tables whose atoms are known exactly: labels that are independent of both modalities, noisy
tables, determined labels, modalities that tie. Prints and writes raw, corrected and adjusted atoms, the coverage of the
95 % intervals and the share of verdicts "not distinguishable from independent labels", and draws them.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import tyro
from harness import RESULTS, Row, print_table, write_results

from pid import Atoms, Estimate, broja, estimate, named_distributions
from pid.inference import ATOM_NAMES, LEVEL
from trainables.config import SyntheticData
from trainables.data.synthetic import bits_table

# Intervals of informations that are 0 may miss it by what the solver leaves open of estimate and truth, 1e-6 bits each.
_SOLVER_BITS = 2e-6


def tables() -> dict[str, np.ndarray]:
    """Joint tables [n1, n2, ny] by name."""
    draw = np.random.default_rng(0)
    codes = np.arange(20)
    parity = (codes[:, None] + codes) % 2
    # A latent code that both modalities see with probability 1/2, else a random one; its class is one of four.
    seen = 0.5 * np.eye(20) + 0.5 / 20
    return {
        "independent, 2 classes": np.ones((20, 20, 2)),
        "independent, 10 classes": np.ones((20, 20, 10)),
        "random 20×20×4": draw.dirichlet(np.ones(1600)).reshape(20, 20, 4),
        "tie: noisy copies": np.einsum("zi,zj,zk->ijk", seen, seen, np.eye(4)[codes // 5]),
        "determined: parity": np.eye(2)[parity],
        "AND": named_distributions()["AND"].table,
        "synthetic, R = 0": bits_table(SyntheticData(shared_bits=0)),
    }


def sample_estimate(table: np.ndarray, num_samples: int, num_draws: int, seed: int) -> Estimate:
    """Estimate from `num_samples` rows drawn from the table."""
    draw = np.random.default_rng([seed, num_samples])
    cells = draw.choice(table.size, size=num_samples, p=table.ravel() / table.sum())
    x1, x2, y = np.unravel_index(cells, table.shape)
    return estimate(
        x1, x2, y, method="broja", num_permutations=num_draws, num_resamples=num_draws, seed=seed, num_workers=1
    )


def rows_of(name: str, truth: Atoms, num_samples: int, estimates: Sequence[Estimate]) -> list[Row]:
    """One row for each atom: means over the estimates, coverage, and the share of verdicts that see nothing."""
    silent = float(np.mean([each.p_independent > LEVEL for each in estimates]))
    rows: list[Row] = []
    for atom in ATOM_NAMES:
        true = getattr(truth, atom)
        ends = np.array([each.interval[atom] for each in estimates])
        held = (ends[:, 0] - _SOLVER_BITS <= true) & (true <= ends[:, 1] + _SOLVER_BITS)
        means = {
            kind: float(np.mean([getattr(getattr(each, kind), atom) for each in estimates]))
            for kind in ("atoms", "corrected", "adjusted")
        }
        rows.append(
            {
                "table": name,
                "n": num_samples,
                "atom": atom,
                "truth": float(true),
                "raw": means["atoms"],
                "corrected": means["corrected"],
                "adjusted": means["adjusted"],
                "lower": float(ends[:, 0].mean()),
                "upper": float(ends[:, 1].mean()),
                "coverage": float(held.mean()),
                "not distinguishable": silent,
            }
        )
    return rows


def draw_figure(rows: Sequence[Mapping], path: Path) -> None:
    """One column a table, one line of panels an atom: truth, raw, corrected and adjusted means, mean interval."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(row["table"] for row in rows))
    figure, axes = plt.subplots(
        len(ATOM_NAMES), len(names), figsize=(2.6 * len(names), 9), sharex=True, squeeze=False, layout="constrained"
    )
    for (line, column), panel in np.ndenumerate(axes):
        shown = [row for row in rows if row["table"] == names[column] and row["atom"] == ATOM_NAMES[line]]
        sizes = [row["n"] for row in shown]
        panel.axhline(shown[0]["truth"], color="black", linewidth=1, label="truth")
        panel.fill_between(
            sizes,
            [row["lower"] for row in shown],
            [row["upper"] for row in shown],
            color="tab:blue",
            alpha=0.2,
            label="mean 95 % interval",
        )
        for kind, colour in (("raw", "tab:red"), ("corrected", "tab:blue"), ("adjusted", "tab:green")):
            panel.plot(sizes, [row[kind] for row in shown], marker="o", markersize=3, color=colour, label=kind)
        panel.set_xscale("log")
        panel.set_title(
            (f"{names[column]}\n" if line == 0 else "")
            + "held: "
            + ", ".join(f"{row['coverage']:.0%}" for row in shown),
            fontsize=8,
        )
        if column == 0:
            panel.set_ylabel(f"{ATOM_NAMES[line]} (bits)")
        if line == len(ATOM_NAMES) - 1:
            panel.set_xlabel("samples")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    figure.savefig(path, dpi=130)
    plt.close(figure)
    print(f"written to {path}")


def measure_seconds(num_samples: int = 10_000, width: int = 300) -> Row:
    """Seconds of one estimate from wide features, clustering included, with 100 permutations and 100 resamples."""
    draw = np.random.default_rng(0)
    y = draw.integers(0, 4, num_samples)
    x1, x2 = (draw.standard_normal((num_samples, width)) + draw.standard_normal((4, width))[y] / 2 for _ in range(2))
    start = time.perf_counter()
    estimate(x1, x2, y, method="broja")
    return {"n": num_samples, "width": width, "seconds": time.perf_counter() - start}


def main(out: Path = RESULTS / "pid_bias.json", repeats: int = 50, num_draws: int = 100, quick: bool = False) -> None:
    """Print the table, write it as JSON, and beside that as CSV to five digits and as a figure.

    Args:
        out: The JSON file to write.
        repeats: Samples drawn from each table at each size.
        num_draws: Permutations of each sample, and as many resamples.
        quick: Few repeats and draws of small samples, to see it work.

    """
    sizes = (138, 500) if quick else (138, 500, 2000, 10_000)
    repeats, num_draws = (3, 19) if quick else (repeats, num_draws)
    rows: list[Row] = []
    for name, table in tables().items():
        truth = broja(table).atoms
        for num_samples in sizes:
            estimates = [sample_estimate(table, num_samples, num_draws, seed) for seed in range(repeats)]
            rows += rows_of(name, truth, num_samples, estimates)
            print(f"{name}, n = {num_samples}: done", flush=True)
    print_table(rows)
    timed = measure_seconds()
    print_table([timed])
    write_results(out, [*rows, timed])
    pd.DataFrame(rows).to_csv(out.with_suffix(".csv"), index=False, float_format="%.5f")
    draw_figure(rows, out.with_suffix(".png"))


if __name__ == "__main__":
    tyro.cli(main)

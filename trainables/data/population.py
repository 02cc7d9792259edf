"""What is known exactly of a population whose joint distribution is known."""

import numpy as np


def exact_figures(table: np.ndarray) -> tuple[tuple[float, float], dict[str, float]]:
    """Bayes accuracy of each modality, and the population's figures by name, from its table [n1, n2, classes].

    `information_1`, `information_2` and `information_12` are I(X1;Y), I(X2;Y) and I(X1,X2;Y) in bits, `accuracy_12` the
    Bayes accuracy of both modalities together. The table sums to 1.
    """
    joint_1, joint_2, joint_12 = table.sum(axis=1), table.sum(axis=0), table.reshape(-1, table.shape[2])
    ceilings = float(joint_1.max(axis=1).sum()), float(joint_2.max(axis=1).sum())
    population = {
        "information_1": _mutual_information(joint_1),
        "information_2": _mutual_information(joint_2),
        "information_12": _mutual_information(joint_12),
        "accuracy_12": float(joint_12.max(axis=1).sum()),
    }
    return ceilings, population


def _mutual_information(joint: np.ndarray) -> float:
    """Information in bits between the rows and the columns of a joint distribution [n, m]."""
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    support = joint > 0
    return float((joint[support] * np.log2(joint[support] / independent[support])).sum())

"""A test that labels are independent of features, which refits a smoother to every permutation of the labels."""

from dataclasses import dataclass

import numpy as np

from pid.inference import largest_standardised, rows_in_place_of, rows_of_groups

# More rows cost more and decide nothing: what so many do not show is too little to matter.
_MOST_ROWS = 4096
_MOST_LANDMARKS = 300
# Of the mean eigenvalue: a smooth fit and a close one.
_PENALTIES = (0.1, 3.0)


@dataclass(frozen=True, kw_only=True)
class Independence:
    """p-values that labels are independent of x1, of x2, of both; `p_value`: of any of these, tested together."""

    p_value_1: float
    p_value_2: float
    p_value_both: float
    p_value: float
    num_rows: int


def independence_test(
    inputs: tuple[np.ndarray, np.ndarray],
    codes: np.ndarray,
    starts: np.ndarray,
    *,
    num_permutations: int,
    generator: np.random.Generator,
) -> Independence:
    """Give each group the labels of another, and fit kernel ridge regressions to each such permutation.

    `inputs`: x1 [n, d_1] and x2 [n, d_2] standardised; `codes` [n] classes from 0; `starts` as `Sample` has them. A
    fit is linear in the indicators of the classes, so the fits to all permutations are one product. The statistic is
    the covariance of fit and label, by a linear and a Gaussian kernel and two penalties each, the largest in standard
    deviations above its mean over the sample and all permutations. Where all rows of a group have one label, or groups
    are of one size, labels of exchangeable groups are exchangeable, so p <= a in at most a share a of samples. Of more
    than 4,096 rows, groups are drawn at random.
    """
    chosen = _some_groups(starts, generator)
    rows = rows_of_groups(starts, chosen)
    own_starts = np.concatenate(([0], np.diff(starts)[chosen].cumsum()))
    labels = [codes[rows]]
    for _ in range(num_permutations):
        labels.append(codes[rows][rows_in_place_of(own_starts, generator.permutation(len(chosen)))])
    indicators = np.eye(int(codes.max()) + 1)[np.stack(labels, axis=1)]
    indicators = (indicators - indicators.mean(axis=0)).reshape(len(rows), -1)
    x1, x2 = inputs[0][rows], inputs[1][rows]
    by_input = [
        np.stack(
            [values for basis in _bases(part, generator) for values in _covariances(basis, indicators, len(labels))]
        )
        for part in (x1, x2, np.hstack((x1, x2)))
    ]
    p_values = [largest_standardised(part.T) for part in (*by_input, np.concatenate(by_input))]
    return Independence(
        p_value_1=p_values[0],
        p_value_2=p_values[1],
        p_value_both=p_values[2],
        p_value=p_values[3],
        num_rows=len(rows),
    )


def _some_groups(starts: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Groups in random order, as many as have 4,096 rows together, or all."""
    order = generator.permutation(len(starts) - 1)
    ends = np.diff(starts)[order].cumsum()
    return order[: max(1, int(np.searchsorted(ends, _MOST_ROWS, side="right")))]


def _bases(inputs: np.ndarray, generator: np.random.Generator) -> list[np.ndarray]:
    """Columns [n, k] whose inner products are a linear kernel, and a Gaussian one about some rows (Nyström)."""
    landmarks = inputs[generator.permutation(len(inputs))[:_MOST_LANDMARKS]]
    squares, of_landmarks = (inputs**2).sum(axis=1), (landmarks**2).sum(axis=1)
    distances = np.maximum(squares[:, None] + of_landmarks - 2 * inputs @ landmarks.T, 0.0)
    middle = float(np.median(distances))
    if middle <= 0:
        return [inputs]
    kernel = np.exp(-distances / middle)
    between = np.exp(-np.maximum(of_landmarks[:, None] + of_landmarks - 2 * landmarks @ landmarks.T, 0.0) / middle)
    values, vectors = np.linalg.eigh(between)
    kept = values > 1e-6 * values[-1]
    return [inputs, kernel @ (vectors[:, kept] / np.sqrt(values[kept]))]


def _covariances(basis: np.ndarray, indicators: np.ndarray, num_labels: int) -> list[np.ndarray]:
    """For each penalty the covariance of fit and labels [num_labels], summed over the classes."""
    centred = basis - basis.mean(axis=0)
    if len(centred) < centred.shape[1]:
        values, vectors = np.linalg.eigh(centred @ centred.T)
    else:
        values, directions = np.linalg.eigh(centred.T @ centred)
        vectors = centred @ directions / np.sqrt(np.maximum(values, 1e-12))
    kept = values > 1e-9 * max(float(values[-1]), 1e-300)
    values, shares = values[kept], (vectors[:, kept].T @ indicators) ** 2
    by_labels = shares.reshape(len(values), num_labels, indicators.shape[1] // num_labels).sum(axis=2)
    size = values.sum() / max(len(values), 1)
    return [(values / (values + penalty * size)) @ by_labels for penalty in _PENALTIES]

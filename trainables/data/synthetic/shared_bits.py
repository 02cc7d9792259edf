"""Sixteen fair bits of known redundancy (paper sec. 3.4; generator after Tjandrasuwita et al. 2025).

All 65,536 combinations of 8 shared bits and 4 bits unique to each modality occur once; modality k sees the
shared bits and its own, 12 in all, as the numbers 0 and 1, as in the published generator. The label depends
on 8 relevant bits only: the first R = `shared_bits` shared ones, the first ⌊(8−R)/2⌋ unique to modality 1 and
the first ⌈(8−R)/2⌉ unique to modality 2. The paper's temperatures T are 0.05·exp(linspace(0, 2, 10)).
"""

import numpy as np

from trainables.config import Refused, SyntheticData
from trainables.data.population import exact_figures
from trainables.data.splits import Split, Splits
from trainables.data.stratified import stratified_split
from trainables.randomness import generator

MODALITIES = ("modality_1", "modality_2")
NUM_CLASSES = 4
NUM_SHARED = 8
NUM_UNIQUE = 4
NUM_RELEVANT = 8
SPLIT_SIZES = (45_875, 9_830, 9_831)
BALANCE_TOLERANCE = 0.01


def generate_bits(config: SyntheticData) -> Splits:
    """The 65,536 rows with labels drawn from p(y|x), split 70/15/15 by class.

    `x1`, `x2` are [n, 12]. `Split.probabilities` is p(y|x) of each row. `Splits.ceilings` and
    `Splits.population` are exact: `information_1`, `information_2`, `information_12` in bits, and
    `accuracy_12`, the Bayes accuracy of both modalities together. `config.seed` draws the labels and the
    split. Raises Refused where float32 cannot tell the outputs of a tanh network of that depth apart.
    """
    bits = _binary_patterns(NUM_SHARED + 2 * NUM_UNIQUE)
    shared, unique_1, unique_2 = np.split(bits, [NUM_SHARED, NUM_SHARED + NUM_UNIQUE], axis=1)
    num_unique_1, num_unique_2 = _relevant_unique_bits(config)
    relevant = np.hstack([shared[:, : config.shared_bits], unique_1[:, :num_unique_1], unique_2[:, :num_unique_2]])
    probabilities = label_probabilities(config.temperature)[_codes(relevant)]
    draws = generator(config.seed, "synthetic", "labels").random((len(bits), 1))
    y = (draws >= np.cumsum(probabilities, axis=1)[:, :-1]).sum(axis=1)

    x1 = np.hstack([shared, unique_1]).astype(np.float32)
    x2 = _tanh_transform(config.tanh_depth)[_codes(np.hstack([shared, unique_2]))]
    parts = [
        Split(x1=x1[rows], x2=x2[rows], y=y[rows], probabilities=probabilities[rows].astype(np.float32))
        for rows in stratified_split(y, SPLIT_SIZES, generator(config.seed, "synthetic", "split"))
    ]
    ceilings, population = exact_figures(bits_table(config))
    return Splits(
        train=parts[0],
        valid=parts[1],
        test=parts[2],
        modalities=MODALITIES,
        num_classes=NUM_CLASSES,
        ceilings=ceilings,
        population=population,
    )


def bits_table(config: SyntheticData) -> np.ndarray:
    """Exact joint distribution of what each modality sees of the relevant bits, and of the label.

    Returns float64 [n1, n2, 4] that sums to 1; n_k is 2 to the number of relevant bits that modality k sees,
    read as a binary number, shared bits first. Irrelevant bits are left out: they carry no information and
    change no atom.
    """
    relevant = _binary_patterns(NUM_RELEVANT)
    num_unique_1, _ = _relevant_unique_bits(config)
    shared, unique_1, unique_2 = np.split(relevant, [config.shared_bits, config.shared_bits + num_unique_1], axis=1)
    patterns_1, patterns_2 = np.hstack([shared, unique_1]), np.hstack([shared, unique_2])
    table = np.zeros((2 ** patterns_1.shape[1], 2 ** patterns_2.shape[1], NUM_CLASSES))
    table[_codes(patterns_1), _codes(patterns_2)] = label_probabilities(config.temperature) / len(relevant)
    return table


def label_probabilities(temperature: float) -> np.ndarray:
    """p(y|q) for each of the 256 patterns q of the relevant bits: softmax(q·W/T) with the classes balanced.

    Returns float64 [256, 4], rows in binary order of q. Balancing scales p(y|q) by 0.25/p(y) and normalises
    it again, until every p(y) is within 0.01 of 0.25 (Sinkhorn's algorithm, so it ends for every T; rounds
    grow as 1/T).
    """
    from scipy.special import log_softmax, logsumexp  # late: those who ask for shapes alone have no use for SciPy

    logits = _binary_patterns(NUM_RELEVANT) @ _label_weights() / temperature
    while True:
        # On logarithms: at low temperatures the probabilities themselves underflow, and 0 cannot be scaled.
        log_probabilities = log_softmax(logits, axis=1)
        log_marginal = logsumexp(log_probabilities, axis=0) - np.log(len(logits))
        if np.abs(np.exp(log_marginal) - 1 / NUM_CLASSES).max() <= BALANCE_TOLERANCE:
            return np.exp(log_probabilities)
        logits = log_probabilities - log_marginal


def _label_weights() -> np.ndarray:
    """W of the label softmax, [8, 4]: one fixed draw for every R, temperature and seed."""
    # The published generator's draw, which only NumPy's legacy stream gives.
    weights = np.random.RandomState(2).uniform(size=(NUM_RELEVANT, NUM_CLASSES))
    return weights / np.linalg.norm(weights, axis=1, keepdims=True)


def _relevant_unique_bits(config: SyntheticData) -> tuple[int, int]:
    unique = NUM_RELEVANT - config.shared_bits
    return unique // 2, unique - unique // 2


def _binary_patterns(num_bits: int) -> np.ndarray:
    """All patterns in binary order, int64 [2^num_bits, num_bits], most significant bit first."""
    return np.arange(2**num_bits)[:, None] >> np.arange(num_bits)[::-1] & 1


def _codes(bits: np.ndarray) -> np.ndarray:
    """Number that each row of bits spells, most significant bit first."""
    return bits @ (1 << np.arange(bits.shape[1])[::-1])


def _tanh_transform(depth: int) -> np.ndarray:
    """What modality 2 shows for each of its 4,096 patterns after `depth` frozen layers, float32 [4096, 12].

    A layer is x → tanh(5/3·x·Q), Q a random orthogonal matrix that depends on the layer's number alone and
    5/3 the usual gain that keeps tanh from shrinking its input. An invertible matrix and a strictly
    increasing function are both injective, so different patterns stay different: every p(y|x2), and with it
    the Bayes accuracy, is unchanged.
    """
    values = _binary_patterns(NUM_SHARED + NUM_UNIQUE).astype(np.float64)
    for layer in range(depth):
        width = values.shape[1]
        orthogonal, _ = np.linalg.qr(generator(0, "synthetic", "tanh", layer).standard_normal((width, width)))
        values = np.tanh(5 / 3 * values @ orthogonal)
    outputs = values.astype(np.float32)
    if len(np.unique(outputs, axis=0)) < len(outputs):
        raise Refused(f"expected a tanh_depth at which float32 tells all patterns apart, got {depth}")
    return outputs

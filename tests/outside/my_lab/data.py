"""A data set of raw waveforms: two sensors that hear the same tone, each through a noise of its own."""

import numpy as np

from trainables.data import Split, Splits

NUM_CLASSES = 3
NUM_SAMPLES = 256


def load(num_rows: int, noise: float = 1.0) -> Splits:
    """`num_rows` training rows, and as many for validation and for test."""
    train, valid, test = (_split(num_rows, noise, seed) for seed in range(3))
    return Splits(train=train, valid=valid, test=test, modalities=("near", "far"), num_classes=NUM_CLASSES)


def _split(num_rows: int, noise: float, seed: int) -> Split:
    draw = np.random.default_rng(seed)
    labels = draw.permutation(np.arange(num_rows) % NUM_CLASSES)
    near, far = (_waveforms(labels, loudness, noise, draw) for loudness in (1.0, 0.5))
    return Split(x1=near, x2=far, y=labels)


def _waveforms(labels: np.ndarray, loudness: float, noise: float, draw: np.random.Generator) -> np.ndarray:
    """16-bit samples [n, 256] of a tone whose pitch is the class and whose phase is random."""
    time = np.arange(NUM_SAMPLES) / NUM_SAMPLES
    phase = draw.random((len(labels), 1))
    tone = np.sin(2 * np.pi * (8 * (labels[:, None] + 1) * time + phase))
    sound = loudness * tone + noise * draw.standard_normal((len(labels), NUM_SAMPLES))
    return (1000 * sound).astype(np.int16)

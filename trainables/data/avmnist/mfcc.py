"""Features of speech: mel-frequency cepstral coefficients (MFCC), kept on disk once computed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata

import numpy as np

from trainables.config import Refused
from trainables.data.avmnist.spoken_digits import SAMPLE_RATE, Recordings, waveform
from trainables.data.feature_cache import cached_arrays

NUM_COEFFICIENTS = 36
NUM_STEPS = 20
NUM_MEL_BANDS = 64
WINDOW = 512
HOP = 280
FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class SpeechFeatures:
    """Sequences of MFCC: `values` float32 [n, 20, 36], 0 beyond each one's `lengths` int64 [n] steps."""

    values: np.ndarray
    lengths: np.ndarray


def speech_features(recordings: Recordings) -> SpeechFeatures:
    """36 MFCC of 64 mel bands in at most 20 steps of 35 ms (windows of 64 ms), computed once.

    The 20 steps, 0.7 s, hold 96 % of FSDD's recordings whole; a longer one is cut, a shorter one padded with
    0. Raises Refused, naming the recording, where a wav file is damaged or shorter than one window.
    """
    arrays = cached_arrays(f"mfcc-{_signature(recordings)}", lambda: _compute(recordings))
    return SpeechFeatures(values=arrays["values"], lengths=arrays["lengths"])


def standardised(features: SpeechFeatures, reference: np.ndarray) -> SpeechFeatures:
    """Shift and scale each coefficient to mean 0 and variance 1 over the real steps of the rows `reference`.

    `reference` is a boolean mask [n]. Padding stays 0. A coefficient that is constant there is only shifted.
    """
    is_real = np.arange(features.values.shape[1]) < features.lengths[:, None]
    steps = features.values[is_real & reference[:, None]].astype(np.float64)
    mean, deviation = steps.mean(axis=0), steps.std(axis=0)
    values = (features.values - mean) / np.where(deviation > 0, deviation, 1.0)
    values[~is_real] = 0.0
    return SpeechFeatures(values=values.astype(np.float32), lengths=features.lengths)


def _signature(recordings: Recordings) -> str:
    """Hash of what decides the features: the recordings, the parameters, the code that computes them."""
    parameters = (NUM_COEFFICIENTS, NUM_STEPS, NUM_MEL_BANDS, WINDOW, HOP, SAMPLE_RATE)
    computed_by = (FORMAT_VERSION, metadata.version("librosa"))
    digest = hashlib.blake2b(repr((parameters, computed_by)).encode(), digest_size=16)
    for name, content in zip(recordings.names, recordings.files, strict=True):
        digest.update(f" {name} {len(content)} ".encode())
        digest.update(content)
    return digest.hexdigest()


def _compute(recordings: Recordings) -> Mapping[str, np.ndarray]:
    # librosa compiles parts of itself at first use, which takes seconds that a warm cache need not pay.
    from librosa.feature import mfcc

    values = np.zeros((len(recordings.names), NUM_STEPS, NUM_COEFFICIENTS), dtype=np.float32)
    lengths = np.zeros(len(recordings.names), dtype=np.int64)
    for row, (name, content) in enumerate(zip(recordings.names, recordings.files, strict=True)):
        samples = waveform(name, content)
        if len(samples) < WINDOW:
            raise Refused(f"{name}: expected at least {WINDOW} samples (one window), found {len(samples)}")
        coefficients = mfcc(
            y=samples,
            sr=SAMPLE_RATE,
            n_mfcc=NUM_COEFFICIENTS,
            n_mels=NUM_MEL_BANDS,
            n_fft=WINDOW,
            hop_length=HOP,
        )
        lengths[row] = min(NUM_STEPS, coefficients.shape[1])
        values[row, : lengths[row]] = coefficients.T[:NUM_STEPS]
    return {"values": values, "lengths": lengths}

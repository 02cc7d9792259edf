import dataclasses

import librosa
import numpy as np
import pytest

from trainables.config import Refused
from trainables.data.avmnist.mfcc import SpeechFeatures, speech_features, standardised
from trainables.data.avmnist.spoken_digits import Recordings, read_recordings, waveform


@pytest.fixture(scope="module")
def recordings(generated_data) -> Recordings:
    return read_recordings(generated_data / "fsdd" / "recordings")


@pytest.fixture(scope="module")
def features(recordings) -> SpeechFeatures:
    return speech_features(recordings)


def first(recordings: Recordings, count: int) -> Recordings:
    return Recordings(
        names=recordings.names[:count],
        files=recordings.files[:count],
        digits=recordings.digits[:count],
        indexes=recordings.indexes[:count],
    )


def test_a_step_begins_every_35_milliseconds(recordings, features):
    num_samples = np.array([len(waveform(*item)) for item in zip(recordings.names, recordings.files, strict=True)])
    assert num_samples.min() < 20 * 280 < num_samples.max()
    assert np.array_equal(features.lengths, np.minimum(20, 1 + num_samples // 280))
    assert features.values.shape == (500, 20, 36)
    assert features.values.dtype == np.float32


def test_steps_are_librosas_and_the_padding_is_zero(recordings, features):
    for row in (int(features.lengths.argmin()), int(features.lengths.argmax())):
        samples = waveform(recordings.names[row], recordings.files[row])
        power = librosa.feature.melspectrogram(y=samples, sr=8_000, n_fft=512, hop_length=280, n_mels=64)
        expected = librosa.feature.mfcc(S=librosa.power_to_db(power), n_mfcc=36).T[:20]
        length = features.lengths[row]
        assert len(expected) == length
        # The same operations in float32.
        np.testing.assert_allclose(features.values[row, :length], expected, rtol=1e-5, atol=1e-4)
        assert not features.values[row, length:].any()


def test_features_on_disk_are_those_computed(recordings, features, tmp_path, monkeypatch):
    again = speech_features(recordings)
    assert np.array_equal(again.values, features.values)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    anew = speech_features(first(recordings, 20))
    assert np.array_equal(anew.values, features.values[:20])
    assert np.array_equal(anew.lengths, features.lengths[:20])


def test_other_content_is_computed_anew(recordings, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    few = first(recordings, 3)
    before = speech_features(few)
    # The same names and sizes; the first recording begins with silence.
    silenced = few.files[0][:44] + bytes(400) + few.files[0][444:]
    after = speech_features(dataclasses.replace(few, files=(silenced, *few.files[1:])))
    assert not np.array_equal(after.values[0], before.values[0])
    assert np.array_equal(after.values[1:], before.values[1:])
    assert len(list((tmp_path / "align-or-not").iterdir())) == 2


def test_recording_shorter_than_a_window_is_refused_by_name(tmp_path, write_wav):
    write_wav(tmp_path / "a.wav", np.ones(511))
    content = (tmp_path / "a.wav").read_bytes()
    recordings = Recordings(names=("4_ada_0.wav",), files=(content,), digits=np.array([4]), indexes=np.array([0]))
    with pytest.raises(Refused, match=r"4_ada_0\.wav: expected at least 512 samples \(one window\), found 511"):
        speech_features(recordings)


@pytest.fixture
def sequences() -> SpeechFeatures:
    random = np.random.default_rng(0)
    lengths = random.integers(1, 21, size=200)
    values = random.normal(5, 3, size=(200, 20, 36)).astype(np.float32)
    values[np.arange(20) >= lengths[:, None]] = 0
    return SpeechFeatures(values=values, lengths=lengths)


def test_real_steps_of_the_reference_have_mean_0_and_variance_1(sequences):
    reference = np.arange(200) < 150
    found = standardised(sequences, reference)
    is_real = np.arange(20) < sequences.lengths[:, None]
    steps = found.values[is_real & reference[:, None]].astype(np.float64)
    # float32 values, about 1,600 of them a coefficient.
    np.testing.assert_allclose(steps.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(steps.var(axis=0), 1, atol=1e-6)
    assert not found.values[~is_real].any()
    assert found.values.dtype == np.float32


def test_standardising_forgets_shift_and_scale(sequences):
    everything = np.ones(200, dtype=bool)
    is_real = (np.arange(20) < sequences.lengths[:, None])[..., None]
    moved = SpeechFeatures(values=(sequences.values * 4 - 100) * is_real.astype(np.float32), lengths=sequences.lengths)
    # float32 holds numbers near 100 to 1e-5.
    np.testing.assert_allclose(
        standardised(moved, everything).values, standardised(sequences, everything).values, atol=1e-5
    )


def test_rows_outside_the_reference_decide_nothing(sequences):
    reference = np.arange(200) < 150
    changed = sequences.values.copy()
    changed[150:] += 50
    outside = standardised(SpeechFeatures(values=changed, lengths=sequences.lengths), reference)
    assert np.array_equal(outside.values[:150], standardised(sequences, reference).values[:150])
    # The contrast: with all rows as reference they do.
    everything = np.ones(200, dtype=bool)
    inside = standardised(SpeechFeatures(values=changed, lengths=sequences.lengths), everything)
    assert not np.allclose(inside.values[:150], standardised(sequences, everything).values[:150], atol=0.1)


def test_constant_coefficient_becomes_zero():
    features = SpeechFeatures(values=np.full((3, 20, 36), 7, dtype=np.float32), lengths=np.array([20, 5, 1]))
    assert not standardised(features, np.ones(3, dtype=bool)).values.any()

"""The check before the first trial finds what each encoder can do, and refuses what cannot be used."""

import time

import pytest
import torch

from trainables.config import Mlp, Refused, TorchEncoder, Transformer, VisionTransformer
from trainables.encoder_check import EncoderFindings, examine


def own(name: str) -> TorchEncoder:
    return TorchEncoder(f"tests.trainables.own_encoders:{name}")


FOUND = {
    "Plain": (True, True, ""),
    "HalfFrozen": (True, True, ""),
    "Normalised": (False, True, "middle.running_mean, middle.running_var, middle.num_batches_tracked"),
    "Averaging": (False, True, "buffers change in training (mean)"),
    "Dropping": (False, True, "it draws random numbers"),
    "Counting": (False, False, "numbers in Python that change (calls)"),
    "Remembering": (False, False, "neither parameter nor buffer"),
    "Branching": (False, True, "data-dependent control flow"),
    "Noisy": (False, False, "The same training twice gives different numbers"),
    "Unregistered": (False, True, "other outputs or gradients"),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_an_encoder_of_vectors_can_do(name: str) -> None:
    packs, resumes, remark = FOUND[name]
    findings = examine(own(name), (6,), lengths=False)
    assert findings.resumes == resumes
    assert remark in " ".join(findings.remarks)
    if name not in ("Counting", "Remembering", "Noisy"):  # these go wrong in whichever way they are computed
        assert findings.packs == packs
    if packs and resumes:
        assert findings == EncoderFindings(packs=True, resumes=True)


def test_what_encoders_of_sequences_can_do() -> None:
    recurrent = examine(own("Recurrent"), (5, 6), lengths=True)
    assert recurrent.resumes
    assert not any("padding" in remark for remark in recurrent.remarks)
    padded = examine(own("Padded"), (5, 6), lengths=True)
    assert padded.packs and padded.resumes
    assert len(padded.remarks) == 1 and "reads the padding" in padded.remarks[0]
    assert examine(own("Padded"), (5, 6), lengths=False).remarks == ()


@pytest.mark.parametrize(
    ("config", "row_shape"), [(Mlp(width=4), (6,)), (Transformer(), (5, 6)), (VisionTransformer(), (8, 8))]
)
def test_the_platform_s_own_need_no_check(config: Mlp | Transformer | VisionTransformer, row_shape: tuple) -> None:
    assert examine(config, row_shape, lengths=False) == EncoderFindings(packs=True, resumes=True)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Wider", r"expected forward to give \[n, out_dim\], here torch.float32 \[8, 4\], got torch.float32 \[8, 5\]"),
        ("Unsized", "expected an attribute out_dim"),
        ("Frozen", "expected parameters that can be trained"),
        ("Raising", r"calling it on rows of shape \[6\] raised KeyError: 'layer 7'"),
        ("Infinite", "expected finite representations"),
        ("Listing", r"expected forward to give a tensor \[8, 5\], got list"),
        ("Recurrent", r"building it for rows of shape \[6\] raised IndexError"),
    ],
)
def test_encoders_that_cannot_be_used_are_refused(name: str, message: str) -> None:
    with pytest.raises(Refused, match=message):
        examine(own(name), (6,), lengths=False)


def test_rows_that_an_encoder_does_not_read_are_refused() -> None:
    with pytest.raises(Refused, match=r"Mlp reads rows of shape \[d\], got \[5, 6\]"):
        examine(Mlp(width=4), (5, 6), lengths=False)


def test_it_leaves_the_global_generator_alone_and_finds_the_same_again() -> None:
    torch.manual_seed(4)
    state = torch.get_rng_state()
    first = examine(own("Dropping"), (6,), lengths=False)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(5)
    assert examine(own("Dropping"), (6,), lengths=False) == first


def test_it_takes_a_moment() -> None:
    start = time.process_time()
    examine(own("Normalised"), (768,), lengths=False)
    assert time.process_time() - start < 2  # a tenth of a second; the rest is for a busy machine

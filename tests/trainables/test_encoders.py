from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from trainables.config import Mlp, ProjectedTransformer, Transformer, VisionTransformer, default_encoder
from trainables.dropout import KeyedDropout
from trainables.encoders import PatchEncoder, ProjectedEncoder, SequenceEncoder


@pytest.mark.parametrize("pooling", ["cls", "mean"])
@pytest.mark.parametrize("config", [Transformer(depth=2), ProjectedTransformer(width=3, depth=2)])
def test_padding_cannot_matter(config: Transformer | ProjectedTransformer, pooling: str) -> None:
    torch.manual_seed(0)
    encoder = replace(config, pooling=pooling).build((6, 5), dropout=0.0, depth=None)
    x, lengths = torch.randn(4, 6, 5), torch.tensor([6, 3, 1, 4])
    expected = encoder(x, lengths)
    for row, length in enumerate(lengths):
        x[row, length:] = torch.randn(6 - int(length), 5) * 100
    # Masked scores add exact zeros to the sums, so only the blocking of the sums can differ.
    torch.testing.assert_close(encoder(x, lengths), expected, rtol=1e-5, atol=1e-6)
    x[0, 0] = torch.randn(5)
    assert not torch.allclose(encoder(x, lengths)[0], expected[0], atol=1e-3)


def test_all_steps_real_equals_no_lengths() -> None:
    torch.manual_seed(0)
    encoder = Transformer(depth=1, pooling="mean").build((4, 3), dropout=0.0, depth=None)
    x = torch.randn(2, 4, 3)
    torch.testing.assert_close(encoder(x, torch.tensor([4, 4])), encoder(x), rtol=1e-5, atol=1e-6)


def test_projected_encoder_is_a_sequence_encoder_of_projected_steps() -> None:
    torch.manual_seed(0)
    encoder = ProjectedTransformer(width=3, depth=1).build((4, 7), dropout=0.0, depth=None)
    assert isinstance(encoder, ProjectedEncoder)
    x, lengths = torch.randn(2, 4, 7), torch.tensor([4, 2])
    projected = x @ encoder.embedding.weight.T + encoder.embedding.bias
    torch.testing.assert_close(encoder(x, lengths), encoder.sequence(projected, lengths))
    assert encoder.out_dim == encoder(x).shape[1] == 3


def test_default_encoder_follows_the_shape_of_a_row() -> None:
    assert default_encoder((768,), width=32) == Mlp(width=32)
    assert default_encoder((50, 32), width=32) == Transformer()
    assert default_encoder((50, 33), width=32) == ProjectedTransformer(width=32)
    assert default_encoder((50, 3)) == ProjectedTransformer(width=64)
    with pytest.raises(ValueError, match=r"got \[3, 28, 28\]"):
        default_encoder((3, 28, 28))


@pytest.mark.parametrize("config", [Transformer, ProjectedTransformer])
def test_unknown_pooling_is_refused(config: type) -> None:
    with pytest.raises(ValueError, match="got 'max'"):
        config(pooling="max")


def test_a_cls_token_is_read_as_if_the_last_block_had_given_every_token() -> None:
    torch.manual_seed(0)
    encoder = SequenceEncoder(num_steps=4, width=3, depth=2, pooling="cls", dropout=0.0)
    x = torch.randn(2, 4, 3)
    tokens = torch.cat([encoder.cls_token.expand(2, 1, 3), x], dim=1) + encoder.positions
    for block in encoder.blocks:
        tokens = block(tokens, None, num_outputs=5)
    torch.testing.assert_close(encoder(x), encoder.norm(tokens)[:, 0])


def test_attention_is_pytorch_s_own() -> None:
    torch.manual_seed(0)
    block = SequenceEncoder(num_steps=4, width=3, depth=1, pooling="mean", dropout=0.0).blocks[0]
    x, real = torch.randn(2, 4, 3), torch.tensor([[True, True, False, False], [True] * 4])
    query, key, value = block.query_key_value(block.attention_norm(x)).chunk(3, dim=-1)
    attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=real.unsqueeze(1))
    attended = x + block.attention_out(attended)
    expected = attended + block.feed_forward(block.feed_forward_norm(attended))
    bias = torch.zeros(2, 1, 4).masked_fill(~real.unsqueeze(1), -torch.inf)
    torch.testing.assert_close(block(x, bias, num_outputs=4), expected)


def test_order_of_steps_matters() -> None:
    torch.manual_seed(0)
    encoder = SequenceEncoder(num_steps=4, width=3, depth=1, pooling="mean", dropout=0.0)
    with torch.no_grad():
        encoder.positions.normal_()
    x = torch.randn(2, 4, 3)
    assert not torch.allclose(encoder(x.flip(1)), encoder(x), atol=1e-3)


def test_patches_are_the_tiles_of_the_image() -> None:
    """With an embedding that reads out the first pixel, each token sees the upper left pixel of its own tile."""
    encoder = PatchEncoder((8, 12), patch_size=4, width=8, depth=1, dropout=0.0)
    seen: list[torch.Tensor] = []
    encoder.embedding.register_forward_hook(lambda module, inputs, tokens: seen.append(tokens))
    with torch.no_grad():
        encoder.embedding.weight.zero_()
        encoder.embedding.bias.zero_()
        encoder.embedding.weight[:, 0] = 1
    encoder(torch.arange(96.0).view(1, 8, 12))
    assert seen[0][0, :, 0].tolist() == [0, 4, 8, 48, 52, 56]


@pytest.mark.parametrize(
    ("config", "shape", "message"),
    [
        (Mlp(width=3), (4, 5), r"Mlp reads rows of shape \[d\], got \[4, 5\]"),
        (ProjectedTransformer(), (4,), r"ProjectedTransformer reads rows of shape \[t, d\], got \[4\]"),
        (Transformer(), (4,), r"Transformer reads rows of shape \[t, d\], got \[4\]"),
        (VisionTransformer(), (30, 28), "must tile the image, got 30 × 28"),
    ],
)
def test_rows_of_another_shape_are_refused(config, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config.build(shape, dropout=0.0, depth=None)


def _keyed(probability: float, key: int) -> KeyedDropout:
    layer = KeyedDropout(probability)
    layer.key.fill_(key)
    return layer


def test_dropout_keeps_the_mean_and_drops_the_share_asked_for() -> None:
    ones = torch.ones(1000, 1000)
    dropped = _keyed(0.3, 12345)(ones)
    # A million draws: five standard deviations of the share are 0.0023, of the mean 0.0033.
    assert (dropped == 0).float().mean().item() == pytest.approx(0.3, abs=0.0023)
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.0033)
    rows, columns = (dropped == 0).float().mean(1), (dropped == 0).float().mean(0)
    # The shares of 1,000 elements each are binomial, of standard deviation 0.0145; the sample's own varies by 2.2 %.
    assert rows.std().item() == pytest.approx(0.0145, rel=0.12)
    assert columns.std().item() == pytest.approx(0.0145, rel=0.12)


def test_elements_that_share_a_hash_are_dropped_independently() -> None:
    first, second = _keyed(0.5, 7)(torch.ones(2_000_000)).view(2, -1) == 0
    # Independent fair masks agree half the time; five standard deviations of a million draws are 0.0025.
    assert (first == second).float().mean().item() == pytest.approx(0.5, abs=0.0025)


def test_neighbouring_keys_give_unrelated_masks() -> None:
    ones = torch.ones(1_000_000)
    first, second = (_keyed(0.5, key)(ones) == 0 for key in (7, 8))
    # Independent fair masks agree half the time; five standard deviations are 0.0025.
    assert (first == second).float().mean().item() == pytest.approx(0.5, abs=0.0025)


def test_dropout_is_off_in_evaluation() -> None:
    values = torch.randn(10)
    layer = _keyed(0.5, 3)
    assert not torch.equal(layer(values), values)
    torch.testing.assert_close(layer.eval()(values), values, rtol=0, atol=0)


@pytest.mark.parametrize("probability", [-0.1, 1.0])
def test_impossible_probabilities_are_refused(probability: float) -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        KeyedDropout(probability)

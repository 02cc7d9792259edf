import pytest

from trainables.config import EncoderConfig, Mlp, Transformer, VisionTransformer
from trainables.packing import most_packed


@pytest.mark.parametrize("other", [Transformer(), VisionTransformer()])
def test_a_pair_is_packed_like_its_larger_encoder(other: EncoderConfig) -> None:
    small = Mlp(width=12)
    assert most_packed(small, other) == most_packed(other, small) == most_packed(other, other)
    assert most_packed(small, small) > most_packed(small, other) > 1

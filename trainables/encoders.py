"""Unimodal encoders: plain modules from a batch of one modality to one representation a row."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables.config import Refused
from trainables.dropout import KeyedDropout

_FEED_FORWARD_FACTOR = 2
_POSITION_SCALE = 0.02


class KeyedEncoder(nn.Module):
    """An encoder whose only state is its parameters, and whose only draws are those of `KeyedDropout`.

    It runs under `torch.vmap`. Nothing has to be seeded for it, or kept from one step to the next. `out_dim` is the
    width of its representations.
    """

    out_dim: int


class MlpEncoder(KeyedEncoder):
    """`depth` linear maps of `width` units with ReLU and dropout between them; [n, d] → [n, width]."""

    def __init__(self, in_dim: int, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        self.out_dim = width
        layers: list[nn.Module] = [nn.Linear(in_dim, width)]
        for _ in range(depth - 1):
            layers += [nn.ReLU(), KeyedDropout(dropout), nn.Linear(width, width)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Encode [n, d]; vectors have no padding, so `lengths` must be None."""
        if lengths is not None:
            raise ValueError("an MLP reads vectors, which have no lengths")
        return self.layers(x)


class SequenceEncoder(KeyedEncoder):
    """Pre-norm Transformer with one head, as wide as its features; [n, t, d] → [n, d].

    Pooled by a learnt CLS token or by the mean over real steps. Steps at or beyond a row's length are padding: they
    are neither attended to nor averaged, so their values cannot matter.
    """

    def __init__(self, num_steps: int, width: int, depth: int, pooling: str, dropout: float) -> None:
        super().__init__()
        self.out_dim = width
        self.pooling = pooling
        num_tokens = num_steps + (pooling == "cls")
        self.positions = nn.Parameter(_POSITION_SCALE * torch.randn(num_tokens, width))
        if pooling == "cls":
            self.cls_token = nn.Parameter(_POSITION_SCALE * torch.randn(width))
        self.dropout = KeyedDropout(dropout)
        self.blocks = nn.ModuleList(_Block(width, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Encode [n, t, d] with real steps counted by `lengths` [n] (None: all are real)."""
        real = bias = None
        if lengths is not None:
            real = torch.arange(x.shape[-2], device=x.device) < lengths.unsqueeze(-1)  # (n, t)
        if self.pooling == "cls":
            cls = self.cls_token.expand(x.shape[0], 1, x.shape[-1])
            x = torch.cat([cls, x], dim=1)
            if real is not None:
                real = functional.pad(real, (1, 0), value=True)
        if real is not None:
            # Finite, so that a row without any real step stays finite, and too low to leave a trace in a softmax.
            bias = torch.finfo(x.dtype).min * (~real).to(x.dtype).unsqueeze(-2)  # (n, 1, t): alike for every query
        x = self.dropout(x + self.positions)
        for number, block in enumerate(self.blocks, start=1):
            cls_alone = self.pooling == "cls" and number == len(self.blocks)  # nothing reads the other tokens any more
            x = block(x, bias, num_outputs=1 if cls_alone else x.shape[1])
        x = self.norm(x)
        if self.pooling == "cls":
            return x[:, 0]
        if real is None:
            return x.mean(dim=1)
        weights = real.to(x.dtype).unsqueeze(-1)
        return (x * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


class ProjectedEncoder(KeyedEncoder):
    """`SequenceEncoder` of `width` behind a linear map of each step's features; [n, t, d] → [n, width]."""

    def __init__(self, row_shape: tuple[int, ...], width: int, depth: int, pooling: str, dropout: float) -> None:
        super().__init__()
        num_steps, num_features = row_shape
        self.out_dim = width
        self.embedding = nn.Linear(num_features, width)
        self.sequence = SequenceEncoder(num_steps, width, depth, pooling, dropout)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Encode [n, t, d] with real steps counted by `lengths` [n] (None: all are real)."""
        return self.sequence(self.embedding(x), lengths)


class PatchEncoder(KeyedEncoder):
    """Vision Transformer over square patches of a grey image; [n, height, width] → [n, out_dim].

    Raises Refused where the patches do not tile the image.
    """

    def __init__(self, image_shape: tuple[int, ...], patch_size: int, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        height, breadth = image_shape
        if height % patch_size or breadth % patch_size:
            raise Refused(f"patches of {patch_size} × {patch_size} must tile the image, got {height} × {breadth}")
        self.out_dim = width
        self.patch_size = patch_size
        num_patches = (height // patch_size) * (breadth // patch_size)
        self.embedding = nn.Linear(patch_size**2, width)
        self.sequence = SequenceEncoder(num_patches, width, depth, "cls", dropout)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Encode [n, height, width]; images have no padding, so `lengths` must be None."""
        if lengths is not None:
            raise ValueError("a Vision Transformer reads whole images, which have no lengths")
        size = self.patch_size
        tiles = x.unflatten(2, (-1, size)).unflatten(1, (-1, size))  # (n, rows, size, columns, size)
        patches = tiles.transpose(2, 3).flatten(3).flatten(1, 2)  # (n, rows · columns, size²)
        return self.sequence(self.embedding(patches))


class _Block(nn.Module):
    """Pre-norm attention with one head, then a feed-forward layer, each with a residual."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        # No bias: the softmax ignores the keys', whose gradient is then rounding noise that Adam would walk along.
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.attention_out = nn.Linear(width, width)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, _FEED_FORWARD_FACTOR * width),
            nn.GELU(),
            KeyedDropout(dropout),
            nn.Linear(_FEED_FORWARD_FACTOR * width, width),
        )
        self.attention_dropout = KeyedDropout(dropout)
        self.feed_forward_dropout = KeyedDropout(dropout)

    def forward(self, x: Tensor, bias: Tensor | None, num_outputs: int) -> Tensor:
        """Map [n, t, d] to its first steps [n, num_outputs, d]; `bias` [n, 1, t] is added to the scores of keys.

        The attention is written out: under vmap, and on a CPU with such short sequences anyhow, PyTorch's own is the
        same two products around a softmax that in addition looks for rows without a single finite score.
        """
        query, key, value = self.query_key_value(self.attention_norm(x)).chunk(3, dim=-1)
        x, query = x[:, :num_outputs], query[:, :num_outputs]
        scores = (query * query.shape[-1] ** -0.5) @ key.mT
        if bias is not None:
            scores = scores + bias
        x = x + self.attention_dropout(self.attention_out(scores.softmax(dim=-1) @ value))
        return x + self.feed_forward_dropout(self.feed_forward(self.feed_forward_norm(x)))

"""Clips in the format of the MMSA framework's files, a few and small ones, for the tests."""

from typing import Any

import numpy as np

WIDTHS = {"text": 8, "audio": 5, "vision": 4}
SIZES = {"train": 40, "valid": 24, "test": 24}


def made_mmsa(*, aligned: bool, seed: int = 0) -> dict[str, dict[str, Any]]:
    """Clips of 3 to 6 tokens; where they are not `aligned`, audio and vision have 2 to 9 steps, and their lengths."""
    draw = np.random.default_rng(seed)
    content = {}
    for split, num_rows in SIZES.items():
        sentiment = np.round(draw.uniform(-3, 3, num_rows), 1)
        words = draw.integers(3, 7, num_rows)
        parts: dict[str, Any] = {
            "raw_text": np.array([f"clip {row}" for row in range(num_rows)], dtype=object),
            "id": [f"video{row // 3}$_${row}" for row in range(num_rows)],
            "annotations": np.array(["Negative", "Neutral", "Positive"])[np.sign(sentiment).astype(int) + 1],
            "classification_labels": np.sign(sentiment) + 1,
            "regression_labels": sentiment.astype(np.float32),
        }
        mask = np.arange(6) < words[:, None]
        parts["text_bert"] = np.stack([draw.integers(1, 99, mask.shape) * mask, mask, np.zeros(mask.shape)], axis=1)
        for name, width in WIDTHS.items():
            num_steps = 6 if aligned or name == "text" else 9
            lengths = words if aligned or name == "text" else draw.integers(2, 10, num_rows)
            values = draw.normal(3, 2, (num_rows, num_steps, width)) + sentiment[:, None, None]
            if name != "text":  # of text, BERT says something of padding too
                values[np.arange(num_steps) >= lengths[:, None]] = 0
            parts[name] = values.astype(np.float32)
            if not aligned and name != "text":
                parts[f"{name}_lengths"] = lengths.tolist()
        content[split] = parts
    return content

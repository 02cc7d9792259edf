"""AV-MNIST: MNIST's images paired with spoken digits, from their raw files."""

from trainables.data.avmnist.avmnist_adapter import AvMnistAdapter

__all__ = ["AvMnistAdapter"]

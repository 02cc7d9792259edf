"""How labels are learnt and scored: classes by cross-entropy and as such, values by L1 and by their sign."""

from torch import Tensor
from torch.nn import functional

from trainables.data.splits import REGRESSION, Task


def num_outputs(task: Task, num_classes: int) -> int:
    """How many numbers a task head gives for each row: a logit a class, or the value."""
    return 1 if task == REGRESSION else num_classes


def task_loss(task: Task, outputs: Tensor, labels: Tensor) -> Tensor:
    """Loss [R] of each replica: mean over its batch, from `outputs` [R, n, k] and `labels` [R, n].

    Cross-entropy in nats, or for a regression the absolute error (L1), as MultiBench trains sentiment.
    """
    if task == REGRESSION:
        return (outputs.squeeze(-1) - labels).abs().mean(dim=1)
    # Classes in the middle: a softmax over a few neighbouring numbers takes five times as long on a CPU.
    return functional.cross_entropy(outputs.mT, labels, reduction="none").mean(dim=1)


def predicted_classes(task: Task, outputs: Tensor) -> Tensor:
    """Classes [..., n] that outputs [..., n, k] predict: of a regression, whether the value is above 0."""
    return (outputs.squeeze(-1) > 0).long() if task == REGRESSION else outputs.max(dim=-1).indices

import pytest

from k8s.size import size_with_gpus, size_without_gpus


def test_four_trials_share_each_card() -> None:
    size = size_with_gpus(8, 1, 0.25, 1, None, None)
    assert (size.workers, size.gpus, size.slots) == (8, 1, 32)
    assert size.cpus == 4 + 1  # a CPU for each trial and one for the tasks that load data
    assert size.memory == 4 + 4 * 2
    assert size.shared_memory == 4  # 30 % of 12, rounded up


def test_a_worker_of_several_cards_holds_the_trials_of_all() -> None:
    size = size_with_gpus(8, 4, 1, 2, None, None)
    assert (size.workers, size.cpus, size.slots) == (2, 9, 8)


@pytest.mark.parametrize("share", [1 / 3, 0.1, 0.7 / 7])
def test_shares_that_binary_cannot_hold_are_counted_rightly(share: float) -> None:
    assert size_with_gpus(1, 1, share, 1, None, None).slots == round(1 / share)


def test_few_cpus_let_fewer_trials_share_a_card() -> None:
    assert size_with_gpus(2, 1, 0.25, 2, 5, None).slots == 2 * 2


def test_without_gpus_cpus_decide() -> None:
    size = size_without_gpus(3, 2, 8, 40)
    assert (size.workers, size.gpus, size.cpus, size.memory, size.slots) == (3, 0, 8, 40, 12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((8, 3, 1, 1, None, None), "multiple of --gpus-per-worker, got 8 and 3"),
        ((8, 0, 1, 1, None, None), "multiple of --gpus-per-worker"),
        ((8, 1, 2, 1, None, None), "no trial fits on a worker"),
        ((8, 1, 0, 1, None, None), "above 0"),
        ((8, 1, 1, 4, 2, None), "no trial fits on a worker"),
    ],
)
def test_gpus_that_no_trial_could_use_are_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        size_with_gpus(*arguments)


@pytest.mark.parametrize("arguments", [(0, 1, None, None), (2, 8, 4, None), (2, 0, 4, None)])
def test_workers_on_which_no_trial_fits_are_refused(arguments: tuple) -> None:
    with pytest.raises(ValueError, match="no trial fits"):
        size_without_gpus(*arguments)

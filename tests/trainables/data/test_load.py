import numpy as np
import pytest

from trainables.config import SyntheticData
from trainables.data import Split, load, require


@pytest.mark.parametrize("function", [load, require])
def test_unknown_configuration_is_refused(function):
    with pytest.raises(ValueError, match="expected a data configuration"):
        function("synthetic")


def test_synthetic_data_needs_no_folder():
    config = SyntheticData(shared_bits=4)
    require(config)
    assert len(load(config).train) == 45_875


def test_rows_that_do_not_pair_are_refused():
    with pytest.raises(ValueError, match="expected 3 rows, got 2"):
        Split(x1=np.zeros((3, 1)), x2=np.zeros((2, 1)), y=np.zeros(3, dtype=np.int64))

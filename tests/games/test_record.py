import copy
import pickle
from dataclasses import dataclass, field

import numpy as np
import pytest

from bargain.games.record import ArrayRecord, FloatArray, finite_array


@dataclass(frozen=True, eq=False)
class Sample(ArrayRecord):
    values: FloatArray
    parts: tuple[FloatArray, ...] = ()
    note: str = ""
    seconds: float = field(default=0.0, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", finite_array(self.values, "values"))


def test_equality_and_hash_by_value():
    one, same = Sample([1, 2], (np.ones(2),)), Sample([1.0, 2.0], (np.ones(2),), seconds=3.0)
    assert one == same
    assert hash(one) == hash(same)
    for other in (
        Sample([1, 3], (np.ones(2),)),
        Sample([1, 2]),
        Sample([1, 2], (np.ones(3),)),
        Sample([1, 2], note="x"),
    ):
        assert one != other
    assert one != "something else"


def test_negative_zero_equals_zero_also_in_bytes():
    assert hash(Sample([-0.0])) == hash(Sample([0.0]))
    assert finite_array([-0.0], "x").tobytes() == np.zeros(1).tobytes()


def test_pickle_and_copies_stay_read_only():
    record = Sample([1, 2])
    for twin in (pickle.loads(pickle.dumps(record)), copy.copy(record), copy.deepcopy(record)):
        assert twin == record
        assert not twin.values.flags.writeable


def test_the_array_of_the_caller_is_copied():
    mine = np.ones(2)
    record = Sample(mine)
    mine[0] = 5.0
    assert record.values[0] == 1.0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1, 2], [3, np.inf]], r"payoffs\[1, 1\] = inf is not finite"),
        (np.nan, "payoffs = nan is not finite"),
        ([[1, 2], [3]], "payoffs is not a rectangular array of numbers"),
        (["a"], "payoffs is not a rectangular array of numbers"),
    ],
)
def test_finite_array_errors(values, message):
    with pytest.raises(ValueError, match=message):
        finite_array(values, "payoffs")

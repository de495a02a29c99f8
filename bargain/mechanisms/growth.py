"""How fast supply elsewhere is rebuilt while an input is withheld: the pace that a restriction itself sets off.

Of what is missing today, 1 - x0, a share c is covered in Y years while the input flows, and h times as fast while it is
withheld; in a round of R months of which the share w is withheld, expected supply grows by

    (1 - x0) c (R / Y) (1 + (h - 1) w),

a constant pace, in shares of all supply. Export controls that set off such a search for other sources are what the
record after 2010 shows; Hirschman (1945) and Baldwin (1985) on why the use of a supply weapon wears it out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def withheld_share(civil: FloatArray, military: FloatArray, military_weight: FloatArray) -> FloatArray:
    """How far an input is withheld, in [0, 1], from the shares delivered on either track."""
    return np.asarray((1.0 - military_weight) * (1.0 - civil) + military_weight * (1.0 - military))


def expected_growth(
    today: FloatArray,
    withheld: FloatArray,
    years: FloatArray,
    covered: FloatArray,
    withheld_factor: FloatArray,
    round_months: float,
) -> FloatArray:
    """Expected growth of rebuilt or substituted supply in a round; all shares in [0, 1]."""
    pace = (1.0 - today) * covered * round_months / (12.0 * years)
    return np.asarray(pace * (1.0 + (withheld_factor - 1.0) * withheld))

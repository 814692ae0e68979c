"""Fewer points of a line for the same picture. The only home of tsdownsample.

MinMax (Donckers et al., "tsdownsample", 2023): of each bin the least and the greatest value are kept, so that no peak
is lost however far one looks from.
"""

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxDownsampler

LEAST = 4
"""So many points are kept of a stretch at least."""


def kept_places(at_s: NDArray[np.float64], values: NDArray[np.float64], points: int) -> NDArray[np.intp]:
    """The places of the points to keep of one stretch without gaps, in order: all, if they are few enough.

    The first and the last, the least and the greatest are always among them. `values` has no NaN.
    """
    wanted = max(LEAST, points - points % 2)
    if len(values) <= wanted:
        return np.arange(len(values))
    least_and_greatest = MinMaxDownsampler().downsample(*map(np.ascontiguousarray, (at_s, values)), n_out=wanted)  # type: ignore[no-untyped-call]
    ends = np.array([0, len(values) - 1])
    return np.union1d(least_and_greatest.astype(np.intp), ends)

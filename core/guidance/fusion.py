"""Several rankings made one.

Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods",
SIGIR 2009: each ranking gives 1 / (k + rank) to what it holds, with k = 60.
"""

from collections import defaultdict
from collections.abc import Sequence

K = 60


def reciprocal_rank_fusion(rankings: Sequence[Sequence[int]]) -> list[tuple[int, float]]:
    """What any of the rankings holds, best first, with a score from 0 to 1: 1 is first in all of them.

    The score is the paper's sum over the greatest that it can be. Of equal ones, those of earlier rankings come first.
    """
    scores: dict[int, float] = defaultdict(float)
    for ranking in rankings:
        for rank, item in enumerate(ranking, start=1):
            scores[item] += 1 / (K + rank)
    most = len(rankings) / (K + 1)
    return [(item, score / most) for item, score in sorted(scores.items(), key=lambda pair: -pair[1])]

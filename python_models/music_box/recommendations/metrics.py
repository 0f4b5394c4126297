"""What lists are tuned by. The judgement that is published is made in SQL."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from music_box.recommendations.sparse import Integers, Matrix


def hits(items: Integers, relevant: Matrix) -> NDArray[np.bool_]:
    """Whether each listed item is relevant to its user; places without an item (-1) are not."""
    if not items.size:
        return np.zeros(items.shape, bool)
    rows = np.repeat(np.arange(len(items)), items.shape[1])
    found = np.asarray(relevant[rows, np.maximum(items, 0).ravel()]).reshape(items.shape) > 0
    result: NDArray[np.bool_] = found & (items >= 0)
    return result


def ndcg(is_hit: NDArray[np.bool_], relevant: Integers) -> NDArray[np.float64]:
    """NDCG of each list with binary relevance; the ideal list is cut at the same length.

    Parameters
    ----------
    is_hit : shape (users, k).
    relevant : number of relevant items of each user.

    Returns
    -------
    array, shape (users,); nan for a user without a relevant item
    """
    discounts = 1 / np.log2(np.arange(2, is_hit.shape[1] + 2))
    ideal = np.concatenate([[np.nan], np.cumsum(discounts)])
    result: NDArray[np.float64] = (is_hit * discounts).sum(axis=1) / ideal[
        np.minimum(relevant, is_hit.shape[1])
    ]
    return result

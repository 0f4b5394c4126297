"""A recommender for any users and items that tunes and blends itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from music_box.recommendations.blend import Learnt, blended, learn, validation_of
from music_box.recommendations.clusters import UserClusters
from music_box.recommendations.sparse import Floats, Integers, Matrix, degrees, largest
from music_box.recommendations.tuning import MEMBERS, Tuned, batches, fit_all, tune_all

# Any sparse matrix of SciPy.
Sparse: TypeAlias = sparse.spmatrix | sparse.sparray
# Share of each user's items that parameters and weights are chosen on.
_VALIDATION_SHARE = 0.2
# Users whose lists judge while choosing; more change the choice no further.
_JUDGED_USERS = 2_000


@dataclass(frozen=True)
class Choice:
    """What was chosen on validation data.

    Parameters
    ----------
    tuned : parameters of each member and the validation NDCG@10 that it reached alone.
    learnt : weights of the members.
    clusters : tells which users share weights.
    """

    tuned: dict[str, Tuned]
    learnt: Learnt
    clusters: UserClusters

    @property
    def is_blend(self) -> bool:
        """Whether the blend is used: no member alone is better on users it was not learnt on.

        Better by more than the standard error of the difference over users: of equals the blend is
        the steadier, and its weights come from twice the users that it is judged by here.
        """
        if not len(self.learnt.ndcg):
            return True
        best = self.learnt.member_ndcg[:, self._best]
        difference = best - self.learnt.ndcg
        return bool(difference.mean() <= difference.std() / np.sqrt(len(difference)))

    @property
    def _best(self) -> int:
        """The member that is best alone."""
        return int(self.learnt.member_ndcg.mean(axis=0).argmax())

    @property
    def everybody(self) -> NDArray[np.float64]:
        """Weights of the members, or all on the best one, shape (members,)."""
        if self.is_blend:
            return self.learnt.weights
        alone: NDArray[np.float64] = np.eye(len(self.tuned))[self._best]
        return alone

    @property
    def ndcg(self) -> float | None:
        """NDCG@10 of what is used, the blend or the best member, on users it was not learnt on."""
        if not len(self.learnt.ndcg):
            return None
        used = self.learnt.ndcg if self.is_blend else self.learnt.member_ndcg[:, self._best]
        return float(used.mean())

    @property
    def by_cluster(self) -> NDArray[np.float64]:
        """The same for each cluster of users, shape (clusters, members)."""
        if self.is_blend:
            return self.learnt.cluster_weights
        return np.tile(self.everybody, (len(self.clusters.centers), 1))


class BlendedRecommender:
    """Recommends items by a learnt blend of five recommenders.

    Alternating least squares, a linear autoencoder, neighbours of items and of users, and a
    spectral filter are tuned on a part of each user's items that is held back, blended by weights
    that are learnt there too, and fitted again on everything. Values say how much a user took an
    item; how much that matters is tuned. Equal data and seed give equal lists.

    Parameters
    ----------
    seed : whatever is drawn at random follows from it.
    tries : sets of parameters tried for each recommender.
    tuning_users : parameters are chosen on at most so many users, drawn at random ...
    learning_users : ... and weights on at most so many.
    clusters : at most so many clusters of users with weights of their own.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from music_box.recommendations.estimator import BlendedRecommender
    >>> taken = np.kron(np.eye(2), np.random.default_rng(1).random((30, 20)) < 0.3)
    >>> recommender = BlendedRecommender(tries=2).fit(sparse.csr_matrix(taken))
    >>> items, scores = recommender.recommend([0, 31], k=3)
    >>> items.shape, bool((items[0] < 20).all()), bool((items[1] >= 20).all())
    ((2, 3), True, True)
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        tries: int = 12,
        tuning_users: int = 2_000,
        learning_users: int = 10_000,
        clusters: int = 8,
    ) -> None:
        self.seed = seed
        self.tries = tries
        self.tuning_users = tuning_users
        self.learning_users = learning_users
        self.clusters = clusters

    def fit(self, user_items: Sparse) -> BlendedRecommender:
        """Tune, blend and fit.

        Parameters
        ----------
        user_items : sparse matrix, shape (users, items)
            How much each user took each item: finite and not negative; 0 is not taken.

        Raises
        ------
        ValueError
            If there is no user or no item, or a value is negative or not finite.
        """
        taken = checked(user_items)
        known, hidden = hold_out(taken, _VALIDATION_SHARE, self.seed)
        self.choice = self.choose(known, hidden, known)
        self.user_items = taken
        parameters = {name: one.parameters for name, one in self.choice.tuned.items()}
        self.members = fit_all(MEMBERS, parameters, taken, self.seed)
        return self

    def choose(self, known: Matrix, hidden: Matrix, excluded: Matrix) -> Choice:
        """Choose parameters and weights.

        Parameters
        ----------
        known : items to learn from, shape (users, items).
        hidden : relevant items that are not among them.
        excluded : items not to be listed: the known ones, and those that users dislike.
        """
        some = self.some_users(hidden, self.tuning_users)
        tuned = tune_all(
            MEMBERS, known[some], hidden[some], excluded[some], tries=self.tries, seed=self.seed
        )
        more = self.some_users(hidden, self.learning_users)
        known, hidden, excluded = known[more], hidden[more], excluded[more]
        parameters = {name: one.parameters for name, one in tuned.items()}
        members = fit_all(MEMBERS, parameters, known, self.seed)
        clusters = UserClusters(self.clusters)
        clusters.fit(known, self.seed)
        judged = self.judged_users(hidden)
        validation = validation_of(members, known, hidden, excluded, judged)
        own = clusters.assign(known[judged])
        return Choice(tuned, learn(validation, own, len(clusters.centers), self.seed), clusters)

    def some_users(self, hidden: Matrix, count: int) -> Integers:
        """Users drawn at random, those with hidden items first."""
        order = np.random.default_rng(self.seed).permutation(hidden.shape[0])
        has_none = hidden.getnnz(1)[order] == 0
        result: Integers = order[np.argsort(has_none, kind="stable")][:count]
        return result

    def judged_users(self, hidden: Matrix) -> Integers:
        """The users, among those drawn, on whom weights are learnt and decided."""
        return np.flatnonzero(hidden.getnnz(1))[:_JUDGED_USERS]

    def recommend(
        self, user_rows: Sparse | ArrayLike, k: int, *, exclude_seen: bool = True
    ) -> tuple[Integers, Floats]:
        """The best items for some users.

        Parameters
        ----------
        user_rows : row numbers of the matrix that was fitted; or a sparse matrix, shape (users,
            items), of users with these items, whether or not they were fitted.
        k : items per user.
        exclude_seen : leave out what the user has already taken.

        Returns
        -------
        arrays, shape (users, k) : items, best first, and their scores, which compare items of one
            user only. Where there are fewer items to recommend than k, places are -1 and -inf.

        Raises
        ------
        ValueError
            If a row is not one of the fitted, or k is less than one.
        """
        if k < 1:
            raise ValueError(f"k is {k}: ask for one item or more")
        rows = self._rows(user_rows)
        items = np.full((rows.shape[0], k), -1, np.int64)
        scores = np.full((rows.shape[0], k), -np.inf, np.float32)
        wanted = min(k, rows.shape[1])
        for batch in batches(np.arange(rows.shape[0]), rows.shape[1]):
            values = self._scores(rows[batch], exclude_seen=exclude_seen)
            best = largest(values, wanted)
            items[batch, :wanted] = best
            listed = np.take_along_axis(values, np.maximum(best, 0), 1)
            scores[batch, :wanted] = np.where(best >= 0, listed, -np.inf)
        return items, scores

    def _rows(self, user_rows: Sparse | ArrayLike) -> Matrix:
        if sparse.issparse(user_rows):
            rows = checked(user_rows)
            if rows.shape[1] != self.user_items.shape[1]:
                raise ValueError(
                    f"{rows.shape[1]} items were given, {self.user_items.shape[1]} were fitted"
                )
            return rows
        numbers = np.atleast_1d(np.asarray(user_rows))
        users = self.user_items.shape[0]
        is_number = np.issubdtype(numbers.dtype, np.integer) or not numbers.size
        if numbers.ndim != 1 or not is_number or ((numbers < 0) | (numbers >= users)).any():
            raise ValueError(f"user_rows are row numbers from 0 to {users - 1}, or a sparse matrix")
        return self.user_items[numbers.astype(np.int64)]

    def _scores(self, rows: Matrix, *, exclude_seen: bool) -> Floats:
        excluded = rows if exclude_seen else sparse.csr_matrix(rows.shape, dtype=np.float32)
        weights = self.choice.by_cluster[self.choice.clusters.assign(rows)]
        names = [name for place, name in enumerate(self.members) if weights[:, place].any()]
        used = [list(self.members).index(name) for name in names]
        members = {name: self.members[name] for name in names}
        values, _ = blended(members, rows, excluded, weights[:, used])
        # who has nothing gets what most users took
        is_empty = rows.getnnz(1) == 0
        values[is_empty] = degrees(self.user_items, 0)
        return values


def hold_out(user_items: Matrix, share: float, seed: int) -> tuple[Matrix, Matrix]:
    """Hide a share of each user's items, at random, rounded; a user keeps one at least."""
    counts = np.diff(user_items.indptr)
    rows = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((np.random.default_rng(seed).random(len(rows)), rows))
    place = np.empty(len(rows), np.int64)
    place[order] = np.arange(len(rows)) - np.repeat(user_items.indptr[:-1], counts)
    is_hidden = place < np.minimum(np.round(counts * share), counts - 1)[rows]
    parts = []
    for is_in in (~is_hidden, is_hidden):
        entries = (user_items.data[is_in], (rows[is_in], user_items.indices[is_in]))
        parts.append(sparse.csr_matrix(entries, shape=user_items.shape))
    return parts[0], parts[1]


def checked(user_items: Sparse) -> Matrix:
    """The matrix in the form that recommenders read: rows, single precision, no zeros stored.

    Raises
    ------
    ValueError
        If it holds nobody or nothing, or a value is negative or not finite.
    """
    if user_items is None:
        raise ValueError("user_items is None: give a matrix of users and items")
    matrix = sparse.csr_matrix(user_items, dtype=np.float32, copy=True)
    if 0 in matrix.shape:
        raise ValueError(f"a matrix of shape {matrix.shape} has no users or no items")
    if not np.isfinite(matrix.data).all() or (matrix.data < 0).any():
        raise ValueError("values of user_items must be finite and not negative")
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix

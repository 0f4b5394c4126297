"""Lists of songs by every fitted recommender and by the blend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import numpy as np
import pandas as pd
from tqdm import tqdm

from music_box.frames import constant
from music_box.parallel import in_order
from music_box.recommendations.blend import blended
from music_box.recommendations.recommenders import Recommender
from music_box.recommendations.sparse import Floats, Integers, largest, union
from music_box.recommendations.tuning import MEMBERS, batches, leave_out
from music_box.recommendations.warehouse.chosen import BLEND, KINDS, SERVED, Chosen, Settings
from music_box.recommendations.warehouse.fits import fit_judged, fitted_of
from music_box.recommendations.warehouse.split_data import SplitData

# Users whose lists are written together.
_WRITTEN_USERS = 2_500
_LISTED = pd.CategoricalDtype([*KINDS, BLEND])


def served_lists(
    splits: Iterable[SplitData], fits: pd.DataFrame, tuning: pd.DataFrame, settings: Settings
) -> Iterator[pd.DataFrame]:
    """Lists for every user of the utility matrix, some users at a time, see `LIST_TYPES`."""
    for data in splits:
        if data.split == "serve":
            fitted = fitted_of(fits, SERVED)
            yield from lists(data, fitted, Chosen.of(tuning, data.split), settings)


def judged_lists(
    splits: Iterable[SplitData], tuning: pd.DataFrame, settings: Settings
) -> Iterator[pd.DataFrame]:
    """Lists for the users by whom recommenders are judged, some at a time, see `LIST_TYPES`."""
    for data in splits:
        if data.split != "serve":
            chosen = Chosen.of(tuning, data.split)
            yield from lists(data, fit_judged(data, chosen, settings.seed), chosen, settings)


def lists(
    data: SplitData, fitted: Mapping[str, Recommender], chosen: Chosen, settings: Settings
) -> Iterator[pd.DataFrame]:
    """The best songs of every fitted recommender and of the blend, for the users who get lists.

    Scores of the blend and its members are standardised by the user's best ones.

    Yields
    ------
    DataFrame
        A row per song of a list of some of the users, see `LIST_TYPES`. Lists of one recommender
        follow each other for `_WRITTEN_USERS` users or more, more rows than the database stores
        together: a query for one recommender passes over the others.
    """
    excluded = union(data.ratings, data.disliked)
    weights = chosen.user_weights(data)
    members = {name: fitted[name] for name in MEMBERS}
    others = [name for name in fitted if name not in MEMBERS]
    places = settings.places

    def lists_of(batch: Integers) -> dict[str, pd.DataFrame]:
        rows, left_out = data.ratings[batch], excluded[batch]
        total, best = blended(members, rows, left_out, weights[batch], places)
        best[BLEND] = _best(total, places)
        for name in others:
            scores = fitted[name].scores(rows)
            leave_out(scores, left_out)
            best[name] = _best(scores, places)
        return {name: _list_frame(data, name, batch, *found) for name, found in best.items()}

    every_batch = batches(np.flatnonzero(data.is_listed), len(data.songs))
    parts = tqdm(
        in_order(lists_of, every_batch),
        total=len(every_batch),
        desc=f"lists, {data.split}",
        delay=10.0,
    )
    together = -(-_WRITTEN_USERS // len(every_batch[0])) if every_batch else 1
    left = iter(parts)
    while some := list(islice(left, together)):
        for name in (*fitted, BLEND):
            yield pd.concat([part[name] for part in some], ignore_index=True)


def _best(scores: Floats, places: int) -> tuple[Integers, Floats]:
    items = largest(scores, min(places, scores.shape[1]))
    return items, np.take_along_axis(scores, np.maximum(items, 0), 1)


def _list_frame(
    data: SplitData, name: str, batch: Integers, items: Integers, scores: Floats
) -> pd.DataFrame:
    """The lists of one recommender, a row per song."""
    user, place = np.nonzero(items >= 0)
    return pd.DataFrame(
        {
            "snapshot_date": pd.Timestamp(data.snapshot_date),
            "split": constant(data.split, len(user)),
            "recommender": constant(name, len(user)).astype(_LISTED),
            "user_id": data.users[batch[user]],
            "rank": (place + 1).astype(np.int32),
            "song_id": data.songs[items[user, place]],
            "score": scores[user, place],
        }
    )

"""Lists combined by fixed weights, as the study did it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from music_box.recommendations.warehouse.split_data import LIST_TYPES

NO_SONG = np.iinfo(np.int64).min
USERS_AT_ONCE = 4096
LIST = ["snapshot_date", "split", "user_id"]


def interleave(songs: np.ndarray, weights: np.ndarray, places: int) -> np.ndarray:
    """Fill places from several lists, each list as often as its weight says.

    The n-th song of a list is due at (n - 1/2) / weight; whatever is due first comes first, and of
    equals the list that stands first. With weights .6, .2 and .2 every ten places hold six, two and
    two songs, spread evenly. A list gives its best song that is not yet taken; one that has
    nothing left passes its places on.

    Parameters
    ----------
    songs : array of int64, (users, lists, length)
        The lists in order, filled up with `NO_SONG`.
    weights : array of float, (lists,)
        Share of the places of each list, positive.
    places : int
        Length of the result.

    Returns
    -------
    array of int64, (users, places)
        The songs, no song twice, filled up with `NO_SONG`.
    """
    users = np.arange(len(songs))
    is_free = songs != NO_SONG
    given = np.zeros(songs.shape[:2], dtype=np.int64)
    result = np.full((len(songs), places), NO_SONG)
    for place in range(places):
        # rounded, so that quotients which are equal on paper are equal
        due = np.round((given + 0.5) / weights, 9)
        due[~is_free.any(axis=2)] = np.inf
        source = due.argmin(axis=1)
        position = is_free[users, source].argmax(axis=1)
        has_song = is_free[users, source, position]
        song = np.where(has_song, songs[users, source, position], NO_SONG)
        result[:, place] = song
        given[users, source] += 1
        is_free &= songs != song[:, None, None]
    return result


def in_turn(weights: pd.DataFrame) -> pd.DataFrame:
    """Sources with a positive weight, the heavier first, then by name."""
    return weights[weights["weight"] > 0].sort_values(
        ["weight", "recommender"], ascending=[False, True]
    )


def report_weights_lists(sources: pd.DataFrame, weights: pd.DataFrame, places: int) -> pd.DataFrame:
    """Combine the lists of many users.

    Parameters
    ----------
    sources : DataFrame
        One row per listed song: `snapshot_date`, `split`, `user_id`, `source`, `source_rank` (1 is
        the best) and `song_id`.
    weights : DataFrame
        One row per `recommender`, the name of a source, with its `weight`; sources without a
        positive weight are left out. Of sources that are due together the heavier comes first,
        then the first name.
    places : int
        Longest list.

    Returns
    -------
    DataFrame
        One row per `snapshot_date`, `split`, `user_id` and `rank`, see `LIST_TYPES`.
        `score` falls from 1 in equal steps: the lists have no scores that could be compared.
    """
    ordered = in_turn(weights)
    kept = sources[sources["source"].isin(ordered["recommender"])]
    lists = kept.groupby(LIST, sort=True)
    users = lists.ngroup().to_numpy()
    keys = kept[LIST].drop_duplicates().sort_values(LIST, ignore_index=True)
    songs = np.full(
        (len(keys), len(ordered), int(kept["source_rank"].max()) if len(kept) else 0), NO_SONG
    )
    source = pd.Index(ordered["recommender"]).get_indexer(kept["source"])
    position = kept["source_rank"].to_numpy(dtype=np.int64) - 1
    songs[users, source, position] = kept["song_id"].to_numpy(dtype=np.int64)
    combined = np.concatenate(
        [
            np.empty((0, places), dtype=np.int64),
            *(
                interleave(part, ordered["weight"].to_numpy(), places)
                for part in np.split(songs, range(USERS_AT_ONCE, len(songs), USERS_AT_ONCE))
                if len(part)
            ),
        ]
    )
    user, place = np.nonzero(combined != NO_SONG)
    result = keys.iloc[user].reset_index(drop=True)
    return result.assign(
        recommender="report_weights",
        rank=place + 1,
        song_id=combined[user, place],
        score=(places - place) / places,
    )[list(LIST_TYPES)]

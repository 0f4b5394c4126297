"""Recommenders that are fitted with what was chosen, stored and read back."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pandas as pd

from music_box.artifacts import pack, sha256, unpack
from music_box.recommendations.recommenders import ItemItemMean, Recommender
from music_box.recommendations.tuning import fit_all
from music_box.recommendations.warehouse.chosen import JUDGED_ALONE, KINDS, SERVED, Chosen, Settings
from music_box.recommendations.warehouse.split_data import SplitData

FIT_TYPES = {
    "snapshot_date": "date",
    "split": "varchar",
    "recommender": "varchar",
    "parameters": "varchar",
    "fit_users": "bigint",
    "fit_songs": "bigint",
    "factors": "bigint",
    "artifact": "blob",
    "artifact_sha256": "varchar",
}


def fit(data: SplitData, chosen: Chosen, seed: int) -> dict[str, Recommender]:
    """Every recommender that is served, with the chosen parameters, on the whole fit part."""
    return fit_all(SERVED, chosen.parameters, data.ratings, seed)


def fit_judged(data: SplitData, chosen: Chosen, seed: int) -> dict[str, Recommender]:
    """Every recommender of a split in which they are judged."""
    fitted = fit(data, chosen, seed)
    fitted[JUDGED_ALONE] = ItemItemMean(**chosen.parameters[JUDGED_ALONE])
    # the neighbours are found already
    fitted[JUDGED_ALONE].restore(fitted["item_item"].arrays())
    return fitted


def fits_of_served(
    splits: Iterable[SplitData], tuning: pd.DataFrame, settings: Settings
) -> pd.DataFrame:
    """The recommenders of the served list, one row each, see `FIT_TYPES`."""
    rows = []
    for data in splits:
        if data.split != "serve":
            continue
        for name, recommender in fit(data, Chosen.of(tuning, data.split), settings.seed).items():
            artifact = pack({}, recommender.arrays())
            rows.append(
                {
                    "snapshot_date": data.snapshot_date,
                    "split": data.split,
                    "recommender": name,
                    "parameters": json.dumps(recommender.parameters, sort_keys=True),
                    "fit_users": len(data.users),
                    "fit_songs": len(data.songs),
                    "factors": recommender.factors,
                    "artifact": artifact,
                    "artifact_sha256": sha256(artifact),
                }
            )
    return pd.DataFrame(rows, columns=list(FIT_TYPES))


def fitted_of(fits: pd.DataFrame, names: Iterable[str]) -> dict[str, Recommender]:
    """Recommenders of `recommender_fits`, ready to score.

    Raises
    ------
    ArtifactError
        If an artifact is not the one that fitting stored.
    """
    fitted = {}
    for row in fits[fits["recommender"].isin(list(names))].to_dict("records"):
        name = str(row["recommender"])
        label = f"{name}, snapshot {row['snapshot_date']:%Y-%m-%d}"
        _, arrays = unpack(bytes(row["artifact"]), row["artifact_sha256"], label)
        parameters = json.loads(row["parameters"])
        fitted[name] = KINDS[name].recommender.from_arrays(parameters, arrays)
    return fitted

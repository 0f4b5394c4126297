"""A model as it is stored and used: preparation, estimator and calibration together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from music_box.artifacts import ArtifactError, pack, unpack
from music_box.churn.calibration import BetaCalibration
from music_box.churn.estimators import KINDS, Estimator
from music_box.churn.preparation import Preparation

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """What turns a frame of features into scores and probabilities."""

    preparation: Preparation
    estimator: Estimator
    calibration: BetaCalibration

    def raw_scores(self, frame: pd.DataFrame) -> Floats:
        """Score of each row, shape (users,)."""
        return self.estimator.raw_scores(self.preparation.apply(frame))

    def contributions(self, frame: pd.DataFrame) -> Floats:
        """What each feature adds to each row's log-odds before calibration, (users, features)."""
        return self.estimator.contributions(self.preparation.apply(frame))

    def pack(self) -> bytes:
        """The artifact: the same model gives the same bytes."""
        header = {
            "kind": type(self.estimator).__name__,
            "features": list(self.preparation.features),
            "fill": self.preparation.fill,
            "calibration": vars(self.calibration),
        }
        arrays = {f"estimator.{name}": values for name, values in self.estimator.arrays().items()}
        for name in ("is_logarithmic", "center", "scale"):
            arrays[f"preparation.{name}"] = getattr(self.preparation, name)
        return pack(header, arrays)

    @classmethod
    def unpack(cls, row: pd.Series) -> Model:
        """The model of a row of `churn_fits`.

        Raises
        ------
        ArtifactError
            If the artifact is not the one that fitting stored, or an older version stored it.
        """
        name = f"{row['model_name']}, snapshot {row['snapshot_date']:%Y-%m-%d}"
        header, arrays = unpack(bytes(row["artifact"]), row["artifact_sha256"], name)
        parts: dict[str, dict[str, NDArray[Any]]] = {"preparation": {}, "estimator": {}}
        try:
            for key, values in arrays.items():
                part, field = key.split(".", 1)
                parts[part][field] = values
            features = tuple(header["features"])
            return cls(
                Preparation(features, header["fill"], **parts["preparation"]),
                KINDS[header["kind"]].from_arrays(parts["estimator"]),
                BetaCalibration(**header["calibration"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            message = f"the artifact of {name} is not of the form used now ({error!r}): fit again"
            raise ArtifactError(message) from error

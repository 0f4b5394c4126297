"""How often a fault is tried."""

from __future__ import annotations

import os

# Set by `make test-faults`.
IS_THOROUGH = "MUSIC_BOX_THOROUGH" in os.environ


def tries(few: int, many: int) -> int:
    """So many in `make test`, and so many in `make test-faults`."""
    return many if IS_THOROUGH else few

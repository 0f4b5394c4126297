"""What a file's name says of the delivery in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class DeliveryName:
    """What a file's name says: the delivery, its date, its part and its event."""

    delivery: str
    event_date: date
    part: str
    event: str


def parse_delivery_name(file_name: str, pattern: str) -> DeliveryName | None:
    """Read date, part and event from a file's name; None for a name that is no delivery's.

    Parameters
    ----------
    file_name
        The name, without folders.
    pattern
        Regular expression with the groups date (YYYYMMDD), part, event, compression suffix.
    """
    match = re.fullmatch(pattern, file_name)  # `$` alone would pass over a newline at the end
    if match is None:
        return None
    digits, part, event, suffix = match.groups()
    try:
        event_date = datetime.strptime(digits, "%Y%m%d").date()
    except ValueError:
        return None
    return DeliveryName(file_name.removesuffix(suffix or ""), event_date, part or "", event)

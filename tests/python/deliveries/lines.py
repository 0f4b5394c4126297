"""Lines of the three events, each field with a default, so that a test names only what matters."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path


def play(  # noqa: PLR0913 - a line has that many fields
    uid: object = 1,
    song_id: object = 11,
    *,
    device: str = "ar",
    song_type: object = 0,
    song_name: str = "song",
    singer: str = "singer",
    play_time: object = 100,
    song_length: object = 200,
    paid_flag: object = 0,
) -> str:
    """Line of a play."""
    fields = [uid, device, song_id, song_type, song_name, singer, play_time, song_length, paid_flag]
    return "\t".join(map(str, fields))


def download(
    uid: object = 1,
    song_id: object = 11,
    *,
    device: str = "ar",
    song_name: str = "song",
    singer: str = "singer",
    paid_flag: object = 0,
) -> str:
    """Line of a download."""
    return "\t".join(map(str, [uid, device, song_id, song_name, singer, paid_flag]))


def search(
    uid: object = 1,
    *,
    device: str = "ar",
    time_stamp: str = "2017-03-30 00:00:08",
    search_query: str = "song",
) -> str:
    """Line of a search."""
    return "\t".join(map(str, [uid, device, time_stamp, search_query]))


def write_lines(path: Path, *lines: str) -> None:
    """Write a delivery of these lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())


def write_days(folder: Path, first_date: date, days: int, users: int) -> None:
    """Deliver days on which every user plays, every second downloads and every third searches."""
    for offset in range(days):
        day = first_date + timedelta(days=offset)
        uids = [uid for uid in range(1, users + 1) if (uid + offset) % 3]
        write_lines(
            folder / f"{day:%Y%m%d}_1_play.log",
            *(
                play(uid, 1 + (uid * offset) % 7, play_time=(uid * 37 + offset * 11) % 200)
                for uid in uids
                for _ in range(1 + uid % 3)
            ),
        )
        write_lines(
            folder / f"{day:%Y%m%d}_1_down.log",
            *(download(uid, 1 + uid % 7) for uid in range(1, users + 1, 2)),
        )
        write_lines(
            folder / f"{day:%Y%m%d}_1_search.log",
            *(search(uid, time_stamp=f"{day} 20:00:00") for uid in range(1, users + 1, 3)),
        )

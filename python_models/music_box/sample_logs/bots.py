"""A few uids that play all day: the players the 99.9 % rule is there to find."""

from collections.abc import Iterator

import numpy as np

from music_box.sample_logs.calendar import PARTS, Calendar
from music_box.sample_logs.catalogue import Catalogue, song_length
from music_box.sample_logs.lines import Accounts, Lines, play_lines
from music_box.sample_logs.parameters import CALIBRATED_DAYS, Parameters
from music_box.sample_logs.plays import Plays

_FIRST_UID, _UID_STEP = 4_000_003, 611_950  # users' uids of this length end in 0 or 5


def bot_count(users: int, parameters: Parameters) -> int:
    """Number of bots among some users: so few that one user in a thousand covers them."""
    return min(parameters.bots.most, users // parameters.bots.users_per_bot)


def _bot_account(number: int) -> Accounts:
    return Accounts(
        uid=np.array([_FIRST_UID + number * _UID_STEP]).astype("S9"),
        part=np.array([number % len(PARTS)]),
        is_iphone=np.array([False]),
        has_two_devices=np.array([False]),
        is_paying=np.array([False]),
    )


def bot_lines(
    users: int,
    calendar: Calendar,
    catalogue: Catalogue,
    parameters: Parameters,
    rng: np.random.Generator,
) -> Iterator[Lines]:
    """Lines of all bots among some users: one piece per bot and day, to spare memory.

    A bot repeats a few songs from beginning to end; its volume grows with the number of users.
    """
    p = parameters.bots
    for number in range(bot_count(users, parameters)):
        account = _bot_account(number)
        playlist = catalogue.draw_anywhere(p.songs_per_bot, rng)
        playlist = playlist[catalogue.release_day[playlist] <= 0]
        total = p.plays_of_first * p.decline**number * users / p.reference_users
        daily = round(total / CALIBRATED_DAYS)
        for day in range(calendar.days):
            song = playlist[np.arange(daily) % len(playlist)]
            length = song_length(song)
            plays = Plays(
                user=np.zeros(daily, dtype=np.int64),
                day=np.full(daily, day),
                song=song,
                is_local=np.zeros(daily, dtype=bool),
                seconds=length,
                length=length,
            )
            yield play_lines(plays, account, catalogue, parameters.dirt, rng)

"""A log of six users that fits on a page, and what a pencil makes of it.

Windows are short: 10 days of features, 4 of labels, 3 of a backtest's labels. Play and download
logs reach 03-20, search logs 03-18, so that L is 03-18. Hence the snapshots are

    03-18  scoring   features 03-09 … 03-18
    03-14  training  features 03-05 … 03-14, labels 03-15 … 03-18
    03-11  backtest  features 03-02 … 03-11, labels 03-12 … 03-14 (3 days back, not 1: its labels)
    03-08  skipped   features would begin on 02-27, the logs begin on 03-01

03-11 is a Saturday, 03-12 a Sunday.
"""

from __future__ import annotations

import gzip
from datetime import date
from math import log, sqrt
from pathlib import Path
from typing import Any

from oracle.dirt import write

VARS: dict[str, Any] = {
    "feature_window_days": 10,
    "label_window_days": 4,
    "backtest_snapshots": 2,
    "backtest_step_days": 1,
    "backtest_label_days": 3,
    "outlier_percentile": 0.9,
    "required_events": ["play", "down", "search"],
    # six users leave many days empty
    "largest_missing_day_share": 1,
}

BACKTEST, TRAINING, SCORING = date(2017, 3, 11), date(2017, 3, 14), date(2017, 3, 18)

# Lines by delivery; a blank is a tab, a tilde a blank, so that fields can be counted by eye.
DELIVERIES = {
    "20170301_play": ["6 ar 10 0 S~10 A 5 200 0"],
    "20170304_play": ["6 ar 10 0 S~10 A 5 200 0"],
    "20170306_play": [
        "1 ar 10 0 S~10 A 100 200 0",  # a
        "",  # an empty line
        " 1 ar 10 0 S~10 A 200 200 0",  # b, behind a stray tab
        "007 ar 10 0 S~10 A 200 200 0",  # 007 is not how a uid is written
        "1 ar 10 0",  # too little, and no neighbour completes it
    ],
    "20170307_search": [
        "1 ar 2017-03-07~17:59:59 rock",
        "1 wp 2017-03-07~18:00:00 %E9%9F%A9+rock",
    ],
    "20170309_search": ["1  never %E9"],  # no device, no time, half a character
    "20170310_search": ["0 ar 2017-03-10~10:00:00 rock"],  # the anonymous user
    "20170310_down": ["1 ip 11 Two", "Words B 1"],  # one record, broken inside the name
    "20170310_2_down": ["9 ip 11 name", "7 ar 0", " name singer 1"],  # which two belong together?
    "20170311_play": ["1 ar 11 0 S~11 B 20 200 0"],  # c
    "20170312_play": [
        "2 ar 10 0 S~10 A 320 400 0",  # f
        "2 ar 13 0 S~13 C 50 1000 0",  # g
        "2 ar 13 0 S~13 C 40  1",  # h
    ],
    "20170313_play": ["1 ip 0 0 local  nan 300 0"],  # d, a local file without a singer
    "20170314_play": [
        "1 ip 12 0 S~12 A 90 0 0",  # e
        "3 ar 12 0 S~12 A 349600 200 0",  # i
    ],
    "20170314_down": ["1 ip 20 S~20 D 0"],
    "20170314_search": ["9 ar 2017-03-14~08:00:00 jazz"],
    "20170315_play": ["2 ar 10 0 S~10 A 10 200 0"],  # S+1
    "20170316_play": ["5 ar 10 0 S~10 A 10 200 0"],  # seen in the label window only
    "20170317_down": ["1 ip 20 S~20 D 0"],
    "20170318_search": ["3 ar 2017-03-18~08:00:00 jazz"],  # S+4, the last day that counts
    "20170319_play": ["9 ar 10 0 S~10 A 10 200 0"],  # S+5, too late
    "20170320_play": ["6 ar 10 0 S~10 A 10 200 0"],
    "20170320_down": ["6 ar 10 S~10 A 0"],
}


def write_hand_made_log(folder: Path) -> None:
    """Write the deliveries, one of them twice and one of them as Windows would."""
    for name, lines in DELIVERIES.items():
        text = "".join(line.replace(" ", "\t").replace("~", " ") + "\n" for line in lines)
        content = text.encode()
        if name == "20170306_play":
            content = b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n")
        write(folder, f"{name}.log", content)
        if name == "20170312_play":
            write(folder, f"{name}.log.gz", gzip.compress(content))
    write(folder, "20170313_2_play.log.gz", gzip.compress(b"8\tar\n")[:-4])
    write(folder, "notes.txt", b"8\tar\n")


# file: status, lines, accepted, repaired, rejected
FILES = {
    # a is accepted, b repaired; the empty line, 007 and the short line are rejected
    "20170306_play.log": ("accepted", 5, 1, 1, 3),
    # two lines are one record
    "20170310_down.log": ("accepted", 2, 0, 2, 0),
    # lines 1 and 2 make a record, lines 2 and 3 make another: all three go
    "20170310_2_down.log": ("accepted", 3, 0, 0, 3),
    "20170312_play.log": ("accepted", 3, 3, 0, 0),
    "20170312_play.log.gz": ("duplicate", 3, 0, 0, 0),
    "20170313_2_play.log.gz": ("unreadable", None, 0, 0, 0),
    "notes.txt": ("ignored", None, 0, 0, 0),
}

REJECTED = {
    ("20170306_play.log", 2): "empty_line",
    ("20170306_play.log", 4): "uid_invalid",
    ("20170306_play.log", 5): "too_few_fields",
    ("20170310_2_down.log", 1): "ambiguous_join",
    ("20170310_2_down.log", 2): "ambiguous_join",
    ("20170310_2_down.log", 3): "ambiguous_join",
}

# day: role, users, churn rate
SNAPSHOTS = {
    date(2017, 3, 8): ("skipped", 0, None),
    # users 1 and 6; 1 plays on 03-13, 6 is silent from 03-12 to 03-14: 1 of 2
    BACKTEST: ("backtest", 2, 0.5),
    # users 1, 2, 3, 9; only 9 is silent from 03-15 to 03-18: 1 of 4
    TRAINING: ("training", 4, 0.25),
    # 03-09 … 03-18 sees 1, 2, 3, 5, 9; 6 comes back on 03-20 only
    SCORING: ("scoring", 5, None),
}

LABELS = {
    (BACKTEST, 1): (3, False),  # c is on S itself; then d, e and a download
    (BACKTEST, 6): (0, True),
    (TRAINING, 1): (1, False),  # the download on 03-17
    (TRAINING, 2): (1, False),  # the play on S+1
    (TRAINING, 3): (1, False),  # the search on S+4
    (TRAINING, 9): (0, True),  # a search on S and a play on S+5 do not count
}

# The first 32 bits of md5("split:<uid>"), in 2^32nds, against .8 = cccccccc:
# 1 cab8abf7, 2 275a0534, 3 b64c2ea3 are below, 9 c91cf3cb too: all four train.
SPLITS = {1: "train", 2: "train", 3: "train", 9: "train"}

# Lengths of 0 and more, sorted: e 0, a b c i 200, d 300, f 400, g 1000; h has none and goes.
# The 90th percentile lies at .9 × 7 = 6.3: 400 + .3 × (1000 − 400) = 580, so g goes, too.
# The mean of 0 < length ≤ 580 is (4 × 200 + 300 + 400) / 6 = 250: e's length.
# Play times left, sorted: c 20, e 90, a 100, b 200, f 320, i 349600; d has none.
# The 90th percentile lies at .9 × 5 = 4.5: (320 + 349600) / 2 = 174960. No play is longer than the
# study's longest, 11830, so that is the cap, and i goes.
# The mean of the others is (20 + 90 + 100 + 200 + 320) / 5 = 146: d's play time.
LIMITS = {
    "song_seconds_cap": 580.0,
    "song_seconds_mean": 250.0,
    "play_seconds_cap": 11830.0,
    "play_seconds_mean": 146.0,
}

# User 1 on 03-14 has five cleaned plays, of completion and band
#   a 100/200 = .5 (3), b 200/200 = 1 (5), c 20/200 = .1 (1), d 146/300 = .48… (3), e 90/250 (2)
# on 03-06, 03-06, 03-11, 03-13, 03-14: days 2, 2, 7, 9 and 10 of the window. The last seven days
# are 03-08 … 03-14 and hold c, d and e.
MEAN_COMPLETION = (0.5 + 1 + 0.1 + 146 / 300 + 0.36) / 5
USER_1 = {
    "play_share_0_20": 0.2,  # c
    "play_share_20_40": 0.2,  # e
    "play_share_40_60": 0.4,  # a, d
    "play_share_60_80": 0.0,
    "play_share_80_plus": 0.2,  # b
    "completed_plays_7d_over_30d": 0.0,  # b is eight days old
    "play_seconds_30d": 556.0,  # 100 + 200 + 20 + 146 + 90
    "play_seconds_7d_over_30d": 256 / 556,  # 20 + 146 + 90
    "play_seconds_per_play": 111.2,  # 556 / 5
    "plays_1d": 1,
    "plays_3d": 2,
    "plays_7d": 3,
    "plays_14d": 5,  # the window has no more than ten days
    "plays_30d": 5,
    "plays_7d_over_30d": 0.6,
    "downloads_1d": 1,  # 03-14
    "downloads_3d": 1,
    "downloads_7d": 2,  # and 03-10
    "downloads_14d": 2,
    "downloads_30d": 2,
    "downloads_7d_over_30d": 1.0,
    "searches_1d": 0,
    "searches_3d": 0,
    "searches_7d": 1,  # 03-09
    "searches_14d": 3,  # and twice 03-07
    "searches_30d": 3,
    "searches_7d_over_30d": 1 / 3,
    "days_since_last_play": 0,
    "days_since_last_download": 0,
    "days_since_last_search": 5,
    "days_since_last_event": 0,
    "is_android": False,  # ar: a, b, c, a search; ip: d, e, two downloads; 4 to 4 is an iPhone
    "is_paying": True,  # the download of 03-10
    "active_days_7d": 5,  # 03-09, 10, 11, 13, 14
    "active_days_14d": 7,  # and 03-06, 07
    "active_days_30d": 7,
    "days_since_first_event": 8,
    "longest_gap_days": 2,  # gaps 1, 2, 1, 1, 2, 1
    "mean_gap_days": 8 / 6,
    # four gaps are 1/3 below the mean, two are 2/3 above: (4/9 + 8/9) / 6 = 2/9
    "gap_days_stddev": sqrt(2) / 3,
    "current_gap_over_mean_gap": 0.0,
    # around day 5.5: 2 × −3.5 + 1.5 + 3.5 + 4.5 = 2.5, over 2 × (.25 + 2.25 + … + 20.25) = 82.5
    "daily_plays_slope": 1 / 33,
    "weekend_play_share": 0.2,  # c
    "plays_days_1_10": 5,
    "plays_days_11_20": 0,
    "plays_days_21_30": 0,
    "distinct_songs": 3,  # 10, 11, 12; a local file is no song
    "distinct_singers": 2,  # A, B; d has none
    "top_singer_share": 0.75,  # a, b, e of a, b, c, e
    "singer_entropy": -(0.75 * log(0.75) + 0.25 * log(0.25)),
    "repeat_play_share": 0.25,  # b of a, b, c, e
    "early_skip_share": 0.2,  # c
    "completion_stddev": sqrt(
        sum((x - MEAN_COMPLETION) ** 2 for x in (0.5, 1, 0.1, 146 / 300, 0.36)) / 5
    ),
    "local_file_share": 0.2,  # d
    "searches_per_play": 0.6,
    "downloads_per_song": 2 / 3,
    "evening_search_share": 1 / 3,  # 18:00:00, neither 17:59:59 nor never
    "liked_songs": 3,  # 10: (3 + 5) / 2 = 4; 11 and 20: downloaded; 12: 2
    "plays_last_active_day": 1,  # e on 03-14
    "single_play_days_30d": 3,  # 03-11, 03-13, 03-14
    "single_play_day_share": 0.75,  # and 03-06 with two plays
    "median_plays_per_play_day": 1.0,  # of 1, 1, 1, 2
    "days_since_last_multi_play_day": 8,  # 03-06
    "active_days_since_multi_play_day": 6,  # 03-07, 09, 10, 11, 13, 14
}

# User 2 keeps f of three plays, all on 03-12, a Sunday, day 8: 2.5 above the middle.
USER_2 = {
    "play_share_60_80": 0.0,
    "play_share_80_plus": 1.0,  # 320/400 is .8, and .8 is in [.8, ∞)
    "completed_plays_7d_over_30d": 1.0,
    "play_seconds_per_play": 320.0,
    "days_since_last_play": 2,
    "days_since_last_download": None,
    "days_since_last_search": None,
    "is_android": True,
    "is_paying": True,  # h was paid for; that it is not cleaned does not matter
    "active_days_30d": 1,
    "longest_gap_days": None,
    "mean_gap_days": None,
    "gap_days_stddev": 0.0,
    "current_gap_over_mean_gap": 0.0,
    "daily_plays_slope": 2.5 / 82.5,
    "weekend_play_share": 1.0,
    "distinct_songs": 1,
    "repeat_play_share": 0.0,
    "singer_entropy": 0.0,
    "completion_stddev": 0.0,
    "plays_last_active_day": 1,  # three were played, and cleaning left f
    "single_play_day_share": 1.0,
    "median_plays_per_play_day": 1.0,
    "days_since_last_multi_play_day": None,
    "active_days_since_multi_play_day": 1,
}

# User 3's only play is i, which cleaning drops; the day stays an active one.
USER_3 = {
    "play_share_0_20": 0.0,
    "play_share_80_plus": 0.0,
    "plays_30d": 0,
    "days_since_last_play": None,
    "days_since_last_event": 0,
    "play_seconds_per_play": 0.0,
    "is_android": True,
    "is_paying": False,
    "active_days_30d": 1,
    "distinct_songs": 0,
    "searches_per_play": 0.0,
    "plays_last_active_day": 0,
    "single_play_days_30d": 0,
    "single_play_day_share": 0.0,
    "median_plays_per_play_day": 0.0,
    "days_since_last_multi_play_day": None,
    "active_days_since_multi_play_day": 1,
}

FEATURES = {1: USER_1, 2: USER_2, 3: USER_3}

# user, day: plays, completed plays, seconds, downloads, searches
ACTIVITY = {
    (1, date(2017, 3, 6)): (2, 1, 300.0, 0, 0),  # b is complete
    (1, date(2017, 3, 13)): (1, 0, 0.0, 0, 0),  # d has no play time
    (1, date(2017, 3, 14)): (1, 0, 90.0, 1, 0),  # e has no length
    (2, date(2017, 3, 12)): (3, 1, 410.0, 0, 0),  # 320 + 50 + 40
    (3, date(2017, 3, 14)): (1, 0, 0.0, 0, 0),  # no day holds 349,600 seconds
}

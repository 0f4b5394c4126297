"""Every number of the sampling process, grouped by what it describes.

Terms: a *visit* is a day on which a user leaves any record. ``age`` is the number of days since
the user's arrival. A trait is a standard normal number drawn once per user. Probabilities given
as ``..._logit`` are on the log-odds scale, and rates of counts are per visit, on the log scale.

The values were found by random search against the published figures of ``published.py`` and are
descriptions, not findings: several combinations fit equally well.
"""

from dataclasses import dataclass, field
from datetime import date

USERS_PER_CHUNK = 2_000
"""Users simulated together; part of the process, as each chunk has its own random numbers."""

LABEL_DAYS = 14
"""Days after a snapshot in which silence counts as churn."""

FEATURE_DAYS = 30
"""Days before (and including) a snapshot that features may read."""

CALIBRATED_DAYS = 44
"""Length of the published logs, for which the process is calibrated."""

COHORT_DATE = date(2017, 3, 30)
"""First day of the published logs. Logs that begin earlier are those of a service."""


@dataclass(frozen=True)
class UserParameters:
    """When users arrive, come, pause and leave, and how much they do on a visit."""

    # Arrival in the study's cohort: relative weight of each day of the logs.
    arrival_first_day: float = 0.02  # extra weight of the first day
    arrival_second_day: float = 0.3  # extra weight of the second day
    arrival_tail: float = 0.1213  # height of the declining part
    arrival_tail_days: float = 2.6572  # its time constant
    arrival_constant: float = 0.0012  # the part that never declines

    # Arrival at a service: on any day alike, from so many days before the first day of the logs.
    # The study's cohort is who came on its first days, and regulars come on more days than others:
    # whom a service meets first is less engaged.
    service_days_before: int = 365
    service_engagement: float = -1.0  # mean of the trait, 0 in the cohort
    service_volume: float = 0.5  # the same

    # One-day users: gone after the day of arrival.
    one_day_logit: float = -1.1683
    one_day_engagement: float = -0.8254
    one_day_volume: float = 0.3012

    # Visits while listening.
    visit_logit: float = -0.1433
    visit_engagement: float = 0.9585
    visit_spread: float = 0.8541  # personal deviation
    visit_volume: float = 0.065
    weekend: float = 0.2747  # change on Saturdays and Sundays
    weekend_spread: float = 1.339  # personal deviation of that change
    cooling_visit: float = -0.6358  # change while cooling

    # Leaving: listening -> cooling (a hazard) -> gone -> perhaps back.
    leave_log_hazard: float = -3.9347
    leave_engagement: float = -0.6634
    leave_volume: float = -0.5641
    leave_spread: float = 0.1387
    cooling_ends: float = 0.131  # per day: cooling -> gone
    return_rate: float = 0.0016  # per day: gone -> listening
    return_engagement: float = 1.1896
    return_volume: float = 0.435

    # Pausing: listening -> away -> listening.
    pause_logit: float = -2.1277
    pause_spread: float = 1.2565
    pause_engagement: float = -0.9472
    resume_logit: float = -2.34
    resume_spread: float = 1.067
    resume_engagement: float = -0.2812

    # Plays on a visit: 1 + Poisson(exp(...)).
    plays_log: float = 2.2795
    plays_engagement: float = 0.456
    plays_volume: float = 0.7602
    plays_day_spread: float = 0.8423  # deviation of the single day
    plays_new: float = -0.2448  # change on the day of arrival
    plays_new_days: float = 0.2727  # its time constant
    plays_cooling_factor: float = 0.0527
    plays_fading: float = 0.0118  # decline of the log rate per day of age
    plays_fading_spread: float = 0.5561  # personal spread of the decline (log-normal)
    plays_fading_days: int = CALIBRATED_DAYS  # days of age after which nothing declines further
    plays_log_rate_limit: float = 8.0  # nobody plays more than about 3,000 songs a day

    # Searches and downloads on a visit: Poisson(exp(...)), for a share of the users.
    searcher_share: float = 0.6263
    searches_log: float = -0.4077
    searches_spread: float = 1.0082
    searches_new: float = 1.75
    searches_new_days: float = 0.521
    searches_cooling: float = 0.753
    searches_day_spread: float = 0.6
    downloader_share: float = 0.5613
    downloads_log: float = -1.7078
    downloads_spread: float = 1.4918
    downloads_new: float = 2.0645
    downloads_new_days: float = 0.57
    downloads_day_spread: float = 1.2

    # Visits without plays.
    never_plays_share: float = 0.013  # users who only search and download
    no_play_visit_share: float = 0.05  # of visits with few plays but a search or download
    no_play_visit_scale: float = 15.0  # plays over which that share fades

    # Who they are.
    iphone_share: float = 0.14
    two_device_share: float = 20 / 59_754  # users seen with both devices
    null_row_share: float = 17 / 59_754  # users with rows that hold a uid and nothing else
    null_rows: float = 1_749 / 17  # such rows per such user
    paying_share: float = 0.005  # users with paid plays


@dataclass(frozen=True)
class CatalogueParameters:
    """Songs, their popularity, singers and styles."""

    songs: int = 1_500_000
    singers: int = 90_000
    styles: int = 100
    seed: int = 20_170_330  # the catalogue is the same in every run
    head_offset: float = 0.33  # popularity of rank r: (r + offset)^-e * (1 + r / scale)^-f
    head_exponent: float = 0.65
    tail_scale: float = 9_000.0
    tail_exponent: float = 0.83
    singer_offset: float = 20.0  # songs of singer k: (k + offset)^-exponent
    singer_exponent: float = 0.85
    fresh_share_per_day: float = 0.02 / 44  # songs released each day
    fresh_days_before: int = 60  # days before the calibrated ones with known releases
    chart_length: int = 300
    chart_days: float = 9.0  # time constant of a fresh song's fame


@dataclass(frozen=True)
class PlayParameters:
    """Which songs a user plays and how far they get."""

    # Novelty: probability that play j is a song not copied from the user's own past.
    novelty_centre: float = 1.05  # log-odds of the user's factor
    novelty_spread: float = 1.2
    novelty_floor: float = 0.27
    novelty_scale: float = 30.0  # plays over which novelty declines
    copy_previous: float = 0.10  # copies of the very last play
    copy_uniform: float = 0.60  # other copies: uniform over the past; the rest log-uniform lag
    same_singer: float = 0.20  # new songs by a singer the user has played
    source_global: float = 0.32  # other new songs: from everywhere
    source_chart: float = 0.04  # from the chart; the rest from the user's own styles
    styles_per_user: int = 4

    # Local files: song_id 0.
    local_user_share: float = 0.245
    local_alpha: float = 0.6
    local_beta: float = 1.2
    local_rate_of_others: float = 0.004

    # Completion.
    full_user_centre: float = -0.28
    full_user_spread: float = 1.65
    full_user_engagement: float = 0.1
    full_base: float = -0.35
    full_repeat: float = 0.55
    full_own_taste: float = 0.25
    full_global: float = -0.25
    full_chart: float = -0.15
    odd_user_share: float = 0.27  # light users who stop at the same point of most songs
    odd_user_plays: float = 60.0
    odd_play_share: float = 0.8
    odd_low: float = 0.42
    odd_high: float = 0.82
    odd_spread: float = 0.09
    partial_alpha: float = 0.25
    partial_beta: float = 1.3


@dataclass(frozen=True)
class DirtParameters:
    """Share of records that carry each kind of dirt."""

    # Fields of a play.
    play_time_in_milliseconds: float = 0.0101
    play_time_long: float = 0.0010
    play_time_nan: float = 1.4e-4
    play_time_negative: float = 1e-5
    play_time_with_address: float = 0.003  # such as 7>(123.138.230.80)TM
    length_zero_user_share: float = 0.05
    length_zero_of_those: float = 0.45
    length_zero_of_others: float = 0.012
    length_minus_one: float = 0.001
    length_smallest_integer: float = 7e-7
    song_id_minus_one: float = 2.5e-4
    song_id_beyond_bigint: float = 1e-5
    song_type_one: float = 0.031  # beside the local files, which are all of this type
    song_type_two: float = 0.003
    # Shapes of a line.
    empty_line: float = 0.001  # after a play
    leading_tab: float = 0.002  # before a play
    trailing_tabs: float = 0.001  # five empty fields after a play
    broken_download: float = 0.004  # newline in the song name
    broken_play: float = 2e-4
    query_cut: float = 0.002  # search query that ends within a character


@dataclass(frozen=True)
class BotParameters:
    """uids that play all day, all month."""

    most: int = 9
    plays_of_first: float = 7.5e6  # over the calibrated days, in logs of `reference_users`
    decline: float = 0.78  # plays of each next bot
    reference_users: int = 600_000
    users_per_bot: int = 2_000  # fewer bots in small logs, so that the 99.9 % rule finds them all
    songs_per_bot: int = 40  # songs a bot repeats


@dataclass(frozen=True)
class Parameters:
    """All parameters."""

    users: UserParameters = field(default_factory=UserParameters)
    catalogue: CatalogueParameters = field(default_factory=CatalogueParameters)
    plays: PlayParameters = field(default_factory=PlayParameters)
    dirt: DirtParameters = field(default_factory=DirtParameters)
    bots: BotParameters = field(default_factory=BotParameters)

"""Ratings, the parts that recommenders learn from and are judged by, and popular songs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from oracle.cleaning import Cleaned, TimedPlay, clean_by_limits
from oracle.families import NO_SONGS, History
from oracle.lines import Download, Play
from oracle.numbers import hash_share, mean
from oracle.population import Log, Population, Snapshot
from oracle.reports import Mart
from oracle.rules import Rules

DOWNLOADED = 5.0
LOWEST_BAND = 1
Pair = tuple[int, int]


@dataclass
class Listening:
    """What a user did with a song in a window: plays, each with its completion band and age."""

    bands: list[int] = field(default_factory=list)
    ages: list[int] = field(default_factory=list)
    download_ages: list[int] = field(default_factory=list)

    def rating(self, youngest: int) -> float | None:
        """The rating by what is at least so many days old; none without any of it."""
        play_score, download_score = self.scores(youngest)
        return max(play_score, download_score) or None

    def scores(self, youngest: int) -> tuple[float, float]:
        """Mean band of the plays, and 5 if there is a download; 0 for what there is not."""
        old = [band for band, age in zip(self.bands, self.ages, strict=True) if age >= youngest]
        is_downloaded = any(age >= youngest for age in self.download_ages)
        return mean(old) or 0.0, DOWNLOADED if is_downloaded else 0.0


def listening(
    plays: Iterable[TimedPlay],
    downloads: Iterable[Download],
    snapshot: Snapshot,
    band: Callable[[float], int],
) -> dict[Pair, Listening]:
    """Plays and downloads by user and song; what is no song is left out."""
    heard: dict[Pair, Listening] = defaultdict(Listening)
    for play in plays:
        if play.song_id is not None and play.song_id not in NO_SONGS:
            row = heard[play.user_id, play.song_id]
            row.bands.append(band(play.completion))
            row.ages.append((snapshot.day - play.day).days)
    for download in downloads:
        if download.song_id is not None and download.song_id not in NO_SONGS:
            age = (snapshot.day - download.day).days
            heard[download.user_id, download.song_id].download_ages.append(age)
    return heard


def band_of(rules: Rules) -> Callable[[float], int]:
    """1 for the lowest completion band, 5 for the highest."""
    return lambda completion: sum(completion >= border for border in rules.completion_band_borders)


@dataclass(frozen=True)
class Rated:
    """A user's song at the end of a feature window, and as it was before the last days."""

    plays: int
    late_plays: int
    downloads: int
    play_score: float
    download_score: float
    rating: float
    early_rating: float | None
    is_skipped: bool


def rated_songs(histories: list[History], snapshot: Snapshot, rules: Rules) -> dict[Pair, Rated]:
    """Every pair of user and song of a snapshot."""
    heard = listening(
        (play for history in histories for play in history.plays),
        (download for history in histories for download in history.downloads),
        snapshot,
        band_of(rules),
    )
    pairs = {}
    for pair, row in heard.items():
        play_score, download_score = row.scores(0)
        pairs[pair] = Rated(
            plays=len(row.bands),
            late_plays=sum(age < rules.validation_days for age in row.ages),
            downloads=len(row.download_ages),
            play_score=play_score,
            download_score=download_score,
            rating=max(play_score, download_score),
            early_rating=row.rating(rules.validation_days),
            is_skipped=(
                len(row.bands) >= rules.dislike_minimum_plays
                and set(row.bands) == {LOWEST_BAND}
                and not row.download_ages
            ),
        )
    return pairs


@dataclass
class Popularity:
    """How many play a song, and how often."""

    plays: int = 0
    late_plays: int = 0
    listeners: int = 0


def popularity(pairs: dict[Pair, Rated]) -> dict[int, Popularity]:
    """Popularity of every song in these pairs."""
    songs: dict[int, Popularity] = defaultdict(Popularity)
    for (_, song_id), rated in pairs.items():
        songs[song_id].plays += rated.plays
        songs[song_id].late_plays += rated.late_plays
        songs[song_id].listeners += 1
    return songs


def by_plays(songs: dict[int, Popularity]) -> list[int]:
    """Songs, most plays first; ties go to more listeners, then to the smaller number."""
    return sorted(songs, key=lambda song: (-songs[song].plays, -songs[song].listeners, song))


def recommendable(songs: dict[int, Popularity], rules: Rules) -> set[int]:
    """The songs with most listeners; ties go to more plays, then to the smaller number."""
    ordered = sorted(songs, key=lambda song: (-songs[song].listeners, -songs[song].plays, song))
    return set(ordered[: rules.catalogue_size])


def song_names(log: Log, snapshot: Snapshot) -> dict[int, tuple[str | None, str | None]]:
    """The name, with a singer, under which a song is logged most often, by anybody."""
    names: dict[int, Counter[tuple[str, str | None]]] = defaultdict(Counter)
    records: list[Play | Download] = [*log.plays, *log.downloads]
    for record in records:
        if snapshot.feature_start <= record.day <= snapshot.day and record.song_id is not None:
            counter = names[record.song_id]
            if record.song_name is not None:
                counter[record.song_name, record.singer] += 1
    return {
        song_id: min(
            counter,
            key=lambda name: (-counter[name], name[0], name[1] is None, name[1] or ""),
            default=(None, None),
        )
        for song_id, counter in names.items()
    }


def add_ratings(
    marts: dict[str, Mart], log: Log, snapshot: Snapshot, pairs: dict[Pair, Rated], rules: Rules
) -> None:
    """What users of a snapshot think of songs, and its songs by popularity."""
    for (user_id, song_id), rated in pairs.items():
        marts["user_song_ratings"][snapshot.day, user_id, song_id] = {
            "plays": rated.plays,
            "downloads": rated.downloads,
            "play_score": rated.play_score,
            "download_score": rated.download_score,
            # The seed of likes and dislikes is empty.
            "is_liked": False,
            "rating": rated.rating,
        }
        if rated.is_skipped:
            marts["song_dislikes"][snapshot.day, user_id, song_id] = {"reason": "skipped"}
    names, songs = song_names(log, snapshot), popularity(pairs)
    is_recommendable = recommendable(songs, rules)
    for rank, song_id in enumerate(by_plays(songs), 1):
        marts["songs"][snapshot.day, song_id] = {
            "song_name": names[song_id][0],
            "singer": names[song_id][1],
            "plays": songs[song_id].plays,
            "listeners": songs[song_id].listeners,
            "popularity_rank": rank,
            "is_recommendable": song_id in is_recommendable,
        }


# --- splits --------------------------------------------------------------------------------


def pair_share(salt: str, pair: Pair) -> float:
    """A number in [0, 1) that belongs to a user's song."""
    return hash_share(salt, f"{pair[0]}:{pair[1]}")


def is_test_pair(pair: Pair, rules: Rules) -> bool:
    """Whether the random split judges by this pair."""
    return pair_share("recommendation_test", pair) < rules.test_fraction


def add_split(
    marts: dict[str, Mart],
    population: Population,
    split: str,
    pairs: dict[Pair, Rated],
    rules: Rules,
) -> None:
    """One split: what is learnt from, by whom, which songs there are, and the popular ones."""
    day = population.snapshot.day
    for pair, rated in pairs.items():
        if split == "random":
            validates = pair_share("recommendation_validation", pair) < rules.validation_fraction
            tuning_rating = None if validates else rated.rating
        else:
            tuning_rating = rated.early_rating
        marts["recommendation_examples"][day, split, *pair] = {
            "rating": rated.rating,
            "tuning_rating": tuning_rating,
            "plays": rated.plays,
            "late_plays": rated.late_plays,
        }
    known: dict[int, set[int]] = {user_id: set() for user_id in population.users}
    for user_id, song_id in pairs:
        known[user_id].add(song_id)
    evaluated = set() if split == "serve" else evaluated_users(population, rules)
    for user_id, songs in known.items():
        marts["recommendation_users"][day, split, user_id] = {
            "songs": len(songs),
            "is_in_matrix": len(songs) > rules.matrix_minimum_songs,
            "is_evaluated": user_id in evaluated,
        }
    catalogue = add_catalogue(marts, population, split, pairs, rules)
    for recommender, (ordered, column) in catalogue.items():
        if split == "serve" and recommender == "popularity_recent":
            continue
        for user_id in population.users if split == "serve" else evaluated:
            unheard = [song for song in ordered if song not in known[user_id]]
            places = unheard[: rules.candidate_count]
            if places:
                marts["popularity_candidates"][day, split, recommender, user_id] = {
                    "ranks": list(range(1, len(places) + 1)),
                    "songs": places,
                    "scores": [float(column[song]) for song in places],
                }


def evaluated_users(population: Population, rules: Rules) -> set[int]:
    """The users on whom recommenders are judged: the first by hash."""
    ordered = sorted(
        population.users, key=lambda user: (hash_share("recommendation_evaluation", user), user)
    )
    return set(ordered[: rules.evaluation_users])


def add_catalogue(
    marts: dict[str, Mart],
    population: Population,
    split: str,
    pairs: dict[Pair, Rated],
    rules: Rules,
) -> dict[str, tuple[list[int], dict[int, int]]]:
    """The songs that may be recommended; by recommender, their order and what it goes by."""
    everything = popularity(pairs)
    songs = {song: everything[song] for song in recommendable(everything, rules)}
    popular = by_plays(songs)
    # Sorting is stable: ties stay in the order of popularity.
    recent = sorted(popular, key=lambda song: -songs[song].late_plays)
    recent_ranks = {song: rank for rank, song in enumerate(recent, 1)}
    for rank, song in enumerate(popular, 1):
        marts["recommendation_catalogue"][population.snapshot.day, split, song] = {
            **vars(songs[song]),
            "popularity_rank": rank,
            "recent_rank": recent_ranks[song],
        }
    return {
        "popularity": (popular, {song: songs[song].plays for song in songs}),
        "popularity_recent": (recent, {song: songs[song].late_plays for song in songs}),
    }


def add_test_pairs(
    marts: dict[str, Mart],
    log: Log,
    population: Population,
    cleaned: Cleaned,
    pairs: dict[Pair, Rated],
    rules: Rules,
) -> None:
    """What evaluated users did in the label window, and the pairs that were drawn."""
    snapshot, evaluated = population.snapshot, evaluated_users(population, rules)

    def is_ahead(record: Play | Download) -> bool:
        is_in_window = snapshot.label_start <= record.day <= snapshot.label_end
        return is_in_window and record.user_id in evaluated

    ahead = listening(
        clean_by_limits(filter(is_ahead, log.plays), cleaned, rules),
        filter(is_ahead, log.downloads),
        snapshot,
        band_of(rules),
    )
    ratings: dict[tuple[str, Pair], tuple[float, bool]] = {
        ("temporal", pair): (max(row.scores(-rules.label_window_days)), pair in pairs)
        for pair, row in ahead.items()
    }
    for pair, rated in pairs.items():
        if pair[0] in evaluated and is_test_pair(pair, rules):
            ratings["random", pair] = rated.rating, False
    for (split, pair), (rating, is_heard) in ratings.items():
        marts["recommendation_test_pairs"][snapshot.day, split, *pair] = {
            "rating": rating,
            "is_heard": is_heard,
            "is_relevant": rating >= rules.liked_rating,
        }


def add_recommendations(
    marts: dict[str, Mart],
    log: Log,
    population: Population,
    cleaned: Cleaned,
    histories: list[History],
    rules: Rules,
) -> None:
    """Everything about songs that one snapshot yields."""
    snapshot = population.snapshot
    pairs = rated_songs(histories, snapshot, rules)
    add_ratings(marts, log, snapshot, pairs, rules)
    if snapshot.role == "scoring":
        add_split(marts, population, "serve", pairs, rules)
    if snapshot.role == "training":
        add_split(marts, population, "temporal", pairs, rules)
        left = {pair: rated for pair, rated in pairs.items() if not is_test_pair(pair, rules)}
        add_split(marts, population, "random", left, rules)
        add_test_pairs(marts, log, population, cleaned, pairs, rules)

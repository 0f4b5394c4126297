"""A whole folder of sample logs: chunks of users, bots, files, marker."""

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np
from tqdm import tqdm

from music_box.sample_logs import deliveries, lines
from music_box.sample_logs.bots import bot_count, bot_lines
from music_box.sample_logs.calendar import Calendar
from music_box.sample_logs.catalogue import Catalogue, build_catalogue
from music_box.sample_logs.parameters import LABEL_DAYS, USERS_PER_CHUNK, Parameters
from music_box.sample_logs.plays import simulate_plays
from music_box.sample_logs.truth import TruthWriter
from music_box.sample_logs.users import Population, simulate_users
from music_box.warehouse import SAMPLE_LOGS_MARKER, SAMPLE_LOGS_NOTICE, generated_files

MARKER = SAMPLE_LOGS_MARKER
NOTICE = SAMPLE_LOGS_NOTICE
TRUTH_FILES = {"README.txt", "silence.csv"}
FEWEST_USERS, MOST_USERS = 100, 600_000
_BOTS = 2**32 - 1  # stands where users have the number of their chunk


class SampleLogsError(Exception):
    """A request that cannot be met; the message says why."""


@dataclass(frozen=True)
class Request:
    """What to generate."""

    users: int
    seed: int
    first_date: date
    last_date: date
    truth: bool

    def check(self) -> None:
        """Raise SampleLogsError if the request makes no sense."""
        if not FEWEST_USERS <= self.users <= MOST_USERS:
            raise SampleLogsError(
                f"--users must lie between {FEWEST_USERS} and {MOST_USERS}, not {self.users}"
            )
        if self.seed < 0:
            raise SampleLogsError(f"--seed must not be negative, not {self.seed}")
        if self.first_date > self.last_date:
            raise SampleLogsError(
                f"--first-date {self.first_date} lies after --last-date {self.last_date}"
            )
        if self.truth and (self.last_date - self.first_date).days < LABEL_DAYS:
            raise SampleLogsError(
                f"--truth needs more than {LABEL_DAYS} days of logs: the snapshot lies "
                f"{LABEL_DAYS} days before --last-date"
            )


def _marker_content(request: Request, parameters: Parameters) -> dict[str, object]:
    wanted = {key: str(value) for key, value in asdict(request).items()}
    wanted["parameters"] = hashlib.sha256(repr(parameters).encode()).hexdigest()
    return {"arguments": wanted}


def _notice_content(request: Request) -> str:
    return (
        "These logs are made up: music_box.sample_logs wrote them for "
        f"{request.users} users who do not exist, from {request.first_date} to "
        f"{request.last_date}, with seed {request.seed}.\n"
        "The same arguments always give the same files.\n"
    )


def _file_sizes(folder: Path) -> dict[str, int]:
    return {
        path.name: path.stat().st_size
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != MARKER
    }


def truth_folder(folder: Path) -> Path:
    """Where the truth about a folder of logs lies: beside it, where no loader looks."""
    return folder.with_name(folder.name + "_truth")


def is_complete(folder: Path, request: Request, parameters: Parameters) -> bool:
    """Whether a folder already holds exactly what is requested."""
    try:
        marker = json.loads((folder / MARKER).read_text())
    except (OSError, ValueError):
        return False
    expected = {**_marker_content(request, parameters), "files": _file_sizes(folder)}
    return (
        marker == expected
        and (folder / NOTICE).exists()
        and (truth_folder(folder).exists() or not request.truth)
    )


def _check_truth_target(folder: Path) -> None:
    """Raise SampleLogsError if the truth would replace anything but the truth."""
    truth = truth_folder(folder)
    if truth.exists() and not {path.name for path in truth.iterdir()} <= TRUTH_FILES:
        raise SampleLogsError(
            f"{truth} holds files that this generator did not write; move them away, or choose "
            "another folder"
        )


def _check_target(folder: Path) -> None:
    """Raise SampleLogsError if the folder holds anything that this generator did not write."""
    if folder.exists() and not folder.is_dir():
        raise SampleLogsError(f"{folder} is a file, not a folder")
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise SampleLogsError(
            f"{folder} is not empty and was not written by this generator (no {MARKER} in it); "
            "choose another folder, or empty this one"
        )
    if folder.exists():
        others = sorted(
            {path.name for path in folder.iterdir()} - {*generated_files(folder), MARKER}
        )
        if others:
            raise SampleLogsError(
                f"{folder} also holds files that this generator did not write ({others[0]}); "
                "move them away, or choose another folder"
            )


def write_chunk(
    folder: Path,
    population: Population,
    first_user: int,
    calendar: Calendar,
    catalogue: Catalogue,
    parameters: Parameters,
    rng: np.random.Generator,
) -> lines.Accounts:
    """Append all lines of a chunk of users; returns their accounts."""
    accounts = lines.Accounts(
        uid=lines.uid_texts(first_user, population.part, rng),
        part=population.part,
        is_iphone=population.is_iphone,
        has_two_devices=population.has_two_devices,
        is_paying=population.is_paying,
    )
    plays = simulate_plays(
        population.plays,
        calendar.start,
        population.traits.engagement,
        catalogue,
        parameters.plays,
        rng,
    )
    dirt = parameters.dirt
    pieces = (
        lines.play_lines(plays, accounts, catalogue, dirt, rng),
        lines.null_lines(population.null_rows, accounts),
        lines.download_lines(population.downloads, plays, accounts, catalogue, dirt, rng),
        lines.search_lines(population.searches, plays, accounts, catalogue, calendar, dirt, rng),
    )
    for piece in pieces:
        deliveries.append(folder, calendar, piece)
    return accounts


def _write_logs(
    folder: Path, request: Request, parameters: Parameters, truth: TruthWriter | None
) -> None:
    # first, so that what an interrupted call leaves is known by it
    (folder / NOTICE).write_text(_notice_content(request))
    calendar = Calendar(request.first_date, request.last_date)
    catalogue = build_catalogue(parameters.catalogue)
    users = request.users - bot_count(request.users, parameters)
    with tqdm(total=request.users, unit=" users", desc="sample logs") as progress:
        for chunk, first_user in enumerate(range(0, users, USERS_PER_CHUNK)):
            rng = np.random.default_rng([request.seed, chunk])
            size = min(USERS_PER_CHUNK, users - first_user)
            population = simulate_users(size, calendar, parameters.users, rng)
            accounts = write_chunk(
                folder, population, first_user, calendar, catalogue, parameters, rng
            )
            if truth:
                truth.write(population, accounts.uid)
            progress.update(size)
        rng = np.random.default_rng([request.seed, _BOTS])
        for piece in bot_lines(request.users, calendar, catalogue, parameters, rng):
            deliveries.append(folder, calendar, piece)
        progress.update(request.users - users)
    deliveries.finish(folder, calendar)


def _empty_folder(path: Path, known_by: str) -> Path:
    """Empty the folder that an interrupted call left, which is known by a file."""
    if path.exists() and any(path.iterdir()) and not (path / known_by).exists():
        raise SampleLogsError(
            f"{path} holds files that this generator did not write; move them away, or choose "
            "another folder"
        )
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def _replace(target: Path, finished: Path) -> None:
    """Put a finished folder in its place."""
    if target.exists():
        shutil.rmtree(target)  # `_check_target` has seen that all of it is the generator's
    finished.rename(target)


def generate(folder: Path, request: Request, parameters: Parameters | None = None) -> bool:
    """Write sample logs into a folder, all or nothing.

    Returns
    -------
    Whether anything was written; False if the folder already held what is requested.

    Raises
    ------
    SampleLogsError : the request makes no sense, or the folder holds something else.
    """
    parameters = parameters or Parameters()
    request.check()
    folder = folder.absolute()
    _check_target(folder)
    if request.truth:
        _check_truth_target(folder)
    if is_complete(folder, request, parameters):
        return False
    partial = _empty_folder(folder.with_name(f".{folder.name}.partial"), NOTICE)
    truth = None
    if request.truth:
        partial_truth = _empty_folder(truth_folder(partial), "README.txt")
        calendar = Calendar(request.first_date, request.last_date)
        truth = TruthWriter(partial_truth, calendar, parameters.users)
    _write_logs(partial, request, parameters, truth)
    if truth:
        _replace(truth_folder(folder), partial_truth)
    marker = {**_marker_content(request, parameters), "files": _file_sizes(partial)}
    (partial / MARKER).write_text(json.dumps(marker, indent=1) + "\n")
    _replace(folder, partial)
    return True

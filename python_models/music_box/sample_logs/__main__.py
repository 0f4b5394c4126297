"""Command line of the generator: ``python -m music_box.sample_logs``."""

import argparse
import sys
from datetime import date
from pathlib import Path

from music_box.sample_logs.generate import Request, SampleLogsError, generate, truth_folder


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not a date such as 2017-03-30") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m music_box.sample_logs",
        description="Write sample logs of a music player: random users, published statistics. "
        "Logs that begin before 2017-03-30 are those of a service, whose users arrive every day; "
        "others are those of the study's cohort, whose users arrive on the first days.",
    )
    parser.add_argument(
        "--users", type=int, default=6_000, help="uids with a record in the logs (6000)"
    )
    parser.add_argument("--seed", type=int, default=1, help="same seed, same files (1)")
    parser.add_argument("--first-date", type=_date, default=date(2017, 3, 2), help="2017-03-02")
    parser.add_argument("--last-date", type=_date, default=date(2017, 5, 12), help="2017-05-12")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--truth",
        action="store_true",
        help="also write each user's true probability of silence, into OUT_truth",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = _parser().parse_args(arguments)
    request = Request(
        users=options.users,
        seed=options.seed,
        first_date=options.first_date,
        last_date=options.last_date,
        truth=options.truth,
    )
    try:
        written = generate(options.out, request)
    except (SampleLogsError, OSError) as error:
        print(f"sample logs: {error}", file=sys.stderr)
        return 2
    if not written:
        print(f"{options.out} already holds these logs; nothing to do")
    elif request.truth:
        print(f"logs in {options.out}, truth in {truth_folder(options.out)}")
    else:
        print(f"logs in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

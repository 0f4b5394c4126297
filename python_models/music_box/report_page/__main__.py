"""Command line of the report page: ``python -m music_box.report_page``."""

import argparse
import os
import sys
from pathlib import Path

from music_box.report_page.page import write_page
from music_box.report_page.published import ReportError


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    warehouse = Path(os.environ.get("MUSIC_BOX_WAREHOUSE") or "warehouse")
    parser = argparse.ArgumentParser(
        prog="python -m music_box.report_page",
        description="Write the report page: churn and taste in one HTML file.",
    )
    parser.add_argument(
        "--published",
        type=Path,
        default=warehouse / "published" / "music_box.duckdb",
        help="the published database (%(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=warehouse / "report" / "index.html",
        help="file to write (%(default)s)",
    )
    options = parser.parse_args(arguments)
    try:
        write_page(options.published, options.out)
    except (ReportError, OSError) as error:
        print(f"report: {error}", file=sys.stderr)
        return 2
    print(f"open {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

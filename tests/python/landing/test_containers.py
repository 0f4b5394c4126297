"""How a delivery is packed is read from its bytes; an archive counts as a whole or not at all."""

import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import DOWNLOAD, Deliveries, regular_lines, tar_of

CONTENT = b"".join(b"%d\tar\t2\tsong\tsinger\t0\n" % number for number in range(1, 3001))
NO_FILE = "the archive holds no file"
SEVERAL_FILES = "the archive holds several files; a delivery is one"


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    """A member that only points elsewhere."""
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = target
    return member


def folder(name: str) -> tarfile.TarInfo:
    """A member that is a folder."""
    member = tarfile.TarInfo(name)
    member.type = tarfile.DIRTYPE
    return member


@pytest.mark.parametrize(
    ("name", "packed", "container"),
    [
        ("20170330_1_down.log", CONTENT, "plain"),
        ("20170330_1_down.log.gz", gzip.compress(CONTENT), "gzip"),
        ("20170330_1_down.log.tar.gz", tar_of(("down.log", CONTENT), mode="w:gz"), "gzip+tar"),
        ("20170330_1_down.log", tar_of(("down.log", CONTENT)), "tar"),
        # names that lie
        ("20170330_1_down.log.gz", CONTENT, "plain"),
        ("20170330_1_down.log.tar.gz", CONTENT, "plain"),
        ("20170330_1_down.log", gzip.compress(CONTENT), "gzip"),
        ("20170330_1_down.log", tar_of(("down.log", CONTENT), mode="w:gz"), "gzip+tar"),
        ("20170330_1_down.log.gz", tar_of(("down.log", CONTENT)), "tar"),
        # gzip files may be concatenated, and tar has dialects
        (
            "20170330_1_down.log.gz",
            gzip.compress(CONTENT[:1000]) + gzip.compress(CONTENT[1000:]),
            "gzip",
        ),
        ("20170330_1_down.log", tar_of(folder("logs"), ("logs/down.log", CONTENT)), "tar"),
        ("20170330_1_down.log", tar_of(("x" * 300, CONTENT)), "tar"),
    ],
)
def test_the_bytes_tell_the_container_and_all_give_the_same_content(
    deliveries: Deliveries, name: str, packed: bytes, container: str
) -> None:
    plain = deliveries.land_one("20170331_1_down.log", CONTENT)

    landed = deliveries.land_one(name, packed)

    assert landed["problem"] is None
    assert landed["container"] == container
    assert landed["content_sha256"] == plain["content_sha256"]
    assert landed["content_bytes"] == len(CONTENT)
    assert landed["file_bytes"] == len(packed)
    assert (landed["lines"], landed["irregular_lines"]) == (3000, 0)
    assert regular_lines(landed) == CONTENT.splitlines()


def test_a_clean_plain_file_is_not_copied(deliveries: Deliveries) -> None:
    landed = deliveries.land_one("20170330_1_down.log", CONTENT)

    assert landed["regular_path"] == str(deliveries.raw_logs / "20170330_1_down.log")
    assert landed["irregular_path"] is None


@pytest.mark.parametrize(
    "packed",
    [b"", gzip.compress(b""), tar_of(("down.log", b""))],
    # gzip writes the second into its bytes, and every worker must collect the same names
    ids=["plain", "gzip", "tar"],
)
def test_an_empty_delivery_has_no_lines_and_is_no_problem(
    deliveries: Deliveries, packed: bytes
) -> None:
    landed = deliveries.land_one("20170330_1_down.log", packed)

    assert landed["problem"] is None
    assert (landed["lines"], landed["irregular_lines"], landed["content_bytes"]) == (0, 0, 0)
    assert landed["regular_path"] is None
    assert landed["irregular_path"] is None
    assert not landed["is_cut"]


def assert_rejected_whole(landed: dict[str, Any], landing: Path) -> None:
    assert landed["delivery"] == "20170330_1_down.log"
    assert landed["lines"] is None
    assert landed["regular_path"] is None
    assert landed["irregular_path"] is None
    assert not list(landing.glob("*.regular*"))
    assert not list(landing.glob("*.irregular*"))


@pytest.mark.parametrize("kept_share", [0.02, 0.5, 0.999])
@pytest.mark.parametrize(
    "packed", [gzip.compress(CONTENT), tar_of(("down.log", CONTENT), mode="w:gz")]
)
def test_a_truncated_archive_is_rejected_whole(
    deliveries: Deliveries, packed: bytes, kept_share: float
) -> None:
    landed = deliveries.land_one("20170330_1_down.log", packed[: int(len(packed) * kept_share)])

    assert landed["problem"].startswith("the archive cannot be read to its end: ")
    assert_rejected_whole(landed, deliveries.landing)


def test_a_tar_cut_inside_its_file_is_rejected_whole(deliveries: Deliveries) -> None:
    landed = deliveries.land_one("20170330_1_down.log", tar_of(("down.log", CONTENT))[:10_000])

    assert landed["problem"].startswith("the archive cannot be read to its end: ")
    assert_rejected_whole(landed, deliveries.landing)


def test_a_gzip_with_a_wrong_checksum_is_rejected_whole(deliveries: Deliveries) -> None:
    packed = bytearray(gzip.compress(CONTENT))
    packed[-6] ^= 1

    landed = deliveries.land_one("20170330_1_down.log", bytes(packed))

    assert "CRC check failed" in landed["problem"]
    assert_rejected_whole(landed, deliveries.landing)


@pytest.mark.parametrize(
    ("packed", "problem"),
    [
        (tar_of(folder("logs")), NO_FILE),
        (tar_of(link("down.log", "/etc/hostname")), NO_FILE),
        (tar_of(link("down.log", "other.log", tarfile.LNKTYPE)), NO_FILE),
        (tar_of(("down.log", CONTENT), ("play.log", CONTENT)), SEVERAL_FILES),
        (tar_of(("down.log", CONTENT), ("down.log", b"")), SEVERAL_FILES),
        (tar_of(("down.log", CONTENT), ("play.log", CONTENT), mode="w:gz"), SEVERAL_FILES),
    ],
)
def test_an_archive_of_no_file_or_of_several_is_rejected_whole(
    deliveries: Deliveries, packed: bytes, problem: str
) -> None:
    landed = deliveries.land_one("20170330_1_down.log", packed)

    assert landed["problem"] == problem
    assert_rejected_whole(landed, deliveries.landing)


def test_names_and_links_inside_an_archive_are_never_followed(deliveries: Deliveries) -> None:
    """An archive may name `../../somewhere`; only its one file's bytes are of interest."""
    landed = deliveries.land_one(
        "20170330_1_down.log",
        tar_of(link("here", "/etc/hostname"), ("../../outside.log", DOWNLOAD), link("there", "..")),
    )

    assert regular_lines(landed) == [DOWNLOAD.rstrip()]
    assert not list(deliveries.raw_logs.parent.parent.rglob("outside.log"))


def test_a_log_that_happens_to_say_ustar_is_no_archive(deliveries: Deliveries) -> None:
    """The mark of an archive is a word at byte 257, and a song may be called that."""
    filler = b"1\tar\t2\t" + b"x" * 250
    assert len(filler) == 257

    landed = deliveries.land_one("20170330_1_down.log", filler + b"ustar 00\tsinger\t0\n")

    assert landed["container"] == "plain"
    assert (landed["problem"], landed["lines"], landed["irregular_lines"]) == (None, 1, 0)


def test_one_bad_archive_does_not_stop_the_others(deliveries: Deliveries) -> None:
    deliveries.write("20170330_1_down.log", gzip.compress(CONTENT)[:100])
    deliveries.write("20170330_2_down.log", tar_of(folder("logs")))
    deliveries.write("20170330_3_down.log", CONTENT)

    landed = deliveries.land()

    assert [name for name, row in landed.items() if row["problem"] is None] == [
        "20170330_3_down.log"
    ]
    assert landed["20170330_3_down.log"]["lines"] == 3000


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    packed=st.sampled_from(
        [
            gzip.compress(CONTENT[:500]),
            tar_of(("down.log", CONTENT[:500])),
            tar_of(("down.log", CONTENT[:500]), mode="w:gz"),
        ]
    ),
    changes=st.lists(
        st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=12)), max_size=4
    ),
    length=st.integers(0, 20_000),
)
def test_whatever_is_done_to_an_archive_it_is_read_or_rejected(
    deliveries: Deliveries, packed: bytes, changes: list[tuple[int, bytes]], length: int
) -> None:
    damaged = io.BytesIO(packed[:length])
    for position, replacement in changes:
        damaged.seek(min(position, len(packed[:length])))
        damaged.write(replacement)

    landed = deliveries.land_one("20170330_1_down.log", damaged.getvalue())

    if landed["problem"] is None:
        assert landed["lines"] == len(regular_lines(landed))
    else:
        assert_rejected_whole(landed, deliveries.landing)

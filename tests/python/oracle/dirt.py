"""Deliveries in which nearly everything is wrong, to see two readers agree on what that means."""

from __future__ import annotations

import gzip
import io
import os
import random
import tarfile
from pathlib import Path

RECORDS = {
    "play": ["168", "ar", "77", "0", "Song (live)", "A&B", "120", "240", "0"],
    "down": ["168", "ip", "77", "Song", "A&B", "1"],
    "search": ["168", "ar", "2017-03-30 19:05:00", "%E9%9F%A9+rock"],
}

# What may stand in a field instead of what belongs there.
ODD_VALUES = [
    *["", " ", "0", "1", "7", "007", "+7", "-1", "-0", "12.0", "12.5", ".5", "5.", "1e3", "1e400"],
    *["7 ", " 7", "1_000", "1,5", "0x10", "nan", "NaN", "inf", "-inf", "infinity", "null", "NULL"],
    *["7>(1.2.3.4)TM", "-2147483648", "2147483648", "9223372036854775807", "9223372036854775808"],
    *["18446744073709551615", "1000000000000000", "1000000000000001", "-5", "349600", "0.0"],
    *[
        "ar",
        "ip",
        "AR",
        "wp",
        "true",
        "2",
        "01",
        '"',
        '"quoted"',
        "'",
        "\\",
        "\\t",
        "\\N",
        ",",
        ";",
    ],
    *["2017-03-30 19:05:00", "2017-03-30 24:00:00", "2017-03-30", "2017-3-30 9:05:00"],
    *["2017-03-30T19:05:00", "2017-03-30 19:05:00.5", "2017-02-30 10:00:00", "19:05"],
    *["2017-03-30 19:05:00Z", "2017-03-30 19:05:00+08", "2017-03-30 19:05", "1900-01-01 00:00:00"],
    *["%", "%E", "%E9", "%E9%9F", "%ZZ", "%00", "%09", "%0A", "%C0%80", "%ED%A0%80", "a%2Bb+c"],
    *["\u97e9", "\ufeff", "\ufffd", "\u0085", "\u2028", "\u3000", "\x0b", "\x0c", "\x1c", "\u0661"],
]
ODD_BYTES = [b"\0", b"\r", b"\xff", b"\xe9\x9f", b"\xc0\x80", b"\xed\xa0\x80", b"\xf0\x9f", b"\x80"]


def odd_line(record: list[str], chance: random.Random) -> bytes:
    """A record, damaged in one or several ways; a break makes it two lines."""
    fields = list(record)
    fields[0] = str(chance.randrange(1, 400))
    for _ in range(chance.choice([0, 0, 1, 1, 2])):
        fields[chance.randrange(len(fields))] = chance.choice(ODD_VALUES)
    if chance.random() < 0.2:
        fields.pop(chance.randrange(len(fields)))
    for _ in range(chance.choice([0, 0, 0, 1, 2, 5])):
        fields.insert(chance.choice([0, 0, chance.randrange(len(fields) + 1)]), "")
    if chance.random() < 0.05:
        fields.insert(chance.randrange(len(fields) + 1), chance.choice(ODD_VALUES))
    line = "\t".join(fields).encode()
    if chance.random() < 0.1:
        place = chance.randrange(len(line) + 1)
        line = line[:place] + chance.choice(ODD_BYTES) + line[place:]
    if chance.random() < 0.3:
        place = chance.randrange(len(line) + 1)
        line = line[:place] + b"\n" + line[place:]
    if chance.random() < 0.05:
        return b"\t" * chance.randrange(10)
    return line


def short_pieces(chance: random.Random) -> bytes:
    """Lines of few fields with known forms: some join with either neighbour."""
    pieces = ["7\tar", "8\tip\t2017-03-30 10:00:00", "\tquery", "a\tb", "2017-03-30 10:00:00\tq"]
    pieces += ["7\tar\t1\t0\tn\ts\t1", "2\t3\t0", "9\tar\t5\tname", "more\tsinger\t0", "5\t6", "1"]
    both_ways = ["9\tip\t11\tname", "7\tar\t0", "\tname\tsinger\t1"]
    chosen = chance.choices(pieces, k=chance.choice([2, 3, 4]))
    return "\n".join(chance.choice([chosen, chosen, both_ways])).encode()


def odd_content(event: str, lines: int, seed: int) -> bytes:
    """A delivery of odd lines; line ends may be CRLF, the last may have none."""
    chance = random.Random(seed)
    line_end = chance.choice([b"\n", b"\n", b"\r\n"])
    content = chance.choice([b"", b"", b"\xef\xbb\xbf"])
    for _ in range(lines):
        is_short = chance.random() < 0.1
        content += short_pieces(chance) if is_short else odd_line(RECORDS[event], chance)
        content += line_end
    return content + chance.choice([b"", RECORDS[event][0].encode()])


def tar_gz(*contents: bytes) -> bytes:
    """An archive with a file per content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for number, content in enumerate(contents):
            member = tarfile.TarInfo(f"part_{number}.log")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def write(folder: Path, name: str, content: bytes, modified: int = 1_490_000_000) -> None:
    """A file with a fixed modification time."""
    path = folder / name
    path.write_bytes(content)
    os.utime(path, (modified, modified))


def add_odd_deliveries(folder: Path, days: list[str], lines: int) -> None:
    """Odd lines for every event and day, and packing that the names lie about."""
    for number, day in enumerate(days):
        for event in RECORDS:
            write(folder, f"{day}_odd_{event}.log", odd_content(event, lines, seed=number))
    day = days[0]
    long_line = b"5\tar\t1\t0\tname\tsinger\t1\t" + b"2" * 2**20 + b"\t0\n"
    small = {number: odd_content("play", 5, seed=1000 + number) for number in range(12)}
    write(folder, f"{day}_long_play.log", small[0] + long_line + small[0])
    write(folder, f"{day}_packed_play.log", tar_gz(small[1]))
    write(folder, f"{day}_zipped_play.log", gzip.compress(small[2]))
    write(folder, f"{day}_unpacked_play.log.tar.gz", small[3])
    write(folder, f"{day}_plain_play.log.gz", small[4])
    write(folder, f"{day}_cut_play.log.gz", gzip.compress(small[5])[:-9])
    write(folder, f"{day}_cut_tar_play.log.tar.gz", tar_gz(small[6] * 50)[:200])
    write(folder, f"{day}_empty_play.log", b"")
    write(folder, f"{day}_mark_play.log", b"\xef\xbb\xbf")
    write(folder, f"{day}_claimed_play.log", small[7], modified=1_490_000_000)
    write(folder, f"{day}_claimed_play.log.gz", gzip.compress(small[8]), modified=1_490_000_100)
    write(folder, f"{day}_claimed_play.log.tar.gz", tar_gz(small[8]), modified=1_490_000_050)
    write(folder, f"{day}_broken_play.log", small[9], modified=1_490_000_000)
    write(folder, f"{day}_broken_play.log.gz", b"\x1f\x8b\x08", modified=1_490_000_100)
    write(folder, "20171345_play.log", small[10])
    write(folder, "undated_play.log", small[10])
    write(folder, f"{day}_play.log.bak", small[10])
    write(folder, f"_{day}_play.log", small[10])
    write(folder, f".{day}_play.log", small[10])

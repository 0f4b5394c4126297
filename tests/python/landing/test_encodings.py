"""Encodings of Chinese text: recognized by file and read as UTF-8, or refused in a sentence."""

from __future__ import annotations

import gzip

import pytest
from music_box.landing.encodings import UTF_8, encoding_of

from landing.conftest import Deliveries, irregular_lines, regular_lines

NAME = "20170330_1_down.log"
# Titles and singers, made up, in both scripts.
SIMPLIFIED = "夜色里的歌 再见故乡的月亮 爱上海边的风 忘了你的眼睛 春天的红花 我们的青春".split()
TRADITIONAL = "夜色裡的歌 再見故鄉的月亮 愛上海邊的風 忘了你的眼睛 春天的紅花 我們的青春".split()
KOREAN = ["사랑하는 그대에게", "바람이 분다", "어제의 눈물", "봄날의 기억을", "서울의 밤 하늘"]
FRENCH = ["Été à la mer", "Où es-tu né", "L'hôtel de l'île déjà", "Noël élégant", "Ça ira là-bas"]
JAPANESE = ["夜に駆ける風", "さくらの花びら", "未来へのうた", "夏祭りの思い出", "ありがとう空"]


def records(titles: list[str], times: int = 5) -> str:
    """Lines of downloads, with ASCII lines among them."""
    lines = [
        f"{uid}\tar\t42\t{title}\t{'singer' if uid % 2 else title[:2]}\t0\n"
        for uid, title in enumerate(titles * times)
    ]
    return "".join([*lines, "7\tip\t1\tplain\tname\t1\n"])


@pytest.mark.parametrize(
    ("titles", "encoding", "found"),
    [
        (SIMPLIFIED, "utf-8", "utf-8"),
        (TRADITIONAL, "utf-8", "utf-8"),
        (SIMPLIFIED, "gbk", "gb18030"),
        (SIMPLIFIED, "gb18030", "gb18030"),
        (TRADITIONAL, "gbk", "gb18030"),
        (TRADITIONAL, "big5", "big5"),
        (SIMPLIFIED, "utf-16", "utf-16"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_delivery_lands_as_its_text(
    deliveries: Deliveries, titles: list[str], encoding: str, found: str, pack: type[bytes]
) -> None:
    text = records(titles)
    deliveries.write(NAME, pack(text.encode(encoding)))
    landed = deliveries.land()[NAME]
    assert landed["encoding"] == found
    assert [line.decode() for line in regular_lines(landed)] == text.splitlines()
    assert irregular_lines(landed) == []
    assert landed["content_bytes"] == len(text.encode(encoding))


@pytest.mark.parametrize(
    ("titles", "encoding"),
    [(KOREAN, "euc_kr"), (FRENCH, "cp1252"), (JAPANESE, "shift_jis"), (JAPANESE, "euc_jp")],
)
def test_another_encoding_is_refused_and_the_remedy_named(
    deliveries: Deliveries, titles: list[str], encoding: str
) -> None:
    deliveries.write(NAME, records(titles).encode(encoding))
    landed = deliveries.land()[NAME]
    assert landed["problem"].endswith(
        " of 26 lines are neither UTF-8 nor GB18030 nor Big5 text; convert the file to UTF-8"
        " (iconv -f <its encoding> -t UTF-8) and deliver it again"
    )


def test_a_few_broken_lines_among_many_are_repaired(deliveries: Deliveries) -> None:
    """Broken in one line of ten, of a service whose names are ASCII."""
    good = records(["plain"], times=270)
    broken = records(FRENCH, times=5).splitlines(keepends=True)[:25]
    deliveries.write(NAME, good.encode() + "".join(broken).encode("cp1252"))
    landed = deliveries.land()[NAME]
    assert (landed["problem"], landed["encoding"]) == (None, UTF_8)
    assert len(irregular_lines(landed)) == 25


def test_what_is_cut_in_a_decoded_delivery_is_found(deliveries: Deliveries) -> None:
    """The first byte of a character whose second byte is lost, at the end of a name and a line."""
    text = records(SIMPLIFIED).encode("gbk")
    line = "9\tar\t42\t夜".encode("gbk")
    deliveries.write(NAME, text + line[:-1] + b"\tsinger\t0\n" + b"8\tar\t42\tx\ty\t\xd2\n" + text)
    landed = deliveries.land()[NAME]
    assert landed["encoding"] == "gb18030"
    number = len(records(SIMPLIFIED).splitlines()) + 1
    assert [line.line_number for line in irregular_lines(landed)] == [number, number + 1]
    assert landed["lines"] == 2 * number


def test_too_little_text_says_nothing() -> None:
    assert encoding_of(["夜色".encode("gbk")]) == UTF_8
    assert encoding_of([b"plain"]) == UTF_8
    assert encoding_of([]) == UTF_8


def test_a_delivery_of_both_encodings_is_that_of_most_lines() -> None:
    utf_8, gbk = ([title.encode(name) for title in SIMPLIFIED * 3] for name in ("utf-8", "gbk"))
    assert encoding_of([*utf_8, *gbk]) == UTF_8
    assert encoding_of([*utf_8[1:], *gbk]) == "gb18030"

"""Which text encoding a delivery has, and its bytes as UTF-8.

A delivery is taken for UTF-8 unless most of its lines with bytes beyond ASCII are not. The two
other encodings of Chinese text share most of their byte pairs, so that both can read most of what
the other wrote, as other characters. What tells them apart is how frequent the characters are.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable

from music_box.landing.containers import DeliveryError
from music_box.landing.lines import Readable

UTF_8, UTF_16 = "utf-8", "utf-16"
# Python's name of an encoding, by the name that users and iconv know.
CODECS = {"gb18030": "gb18030", "big5": "big5hkscs"}
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
SAMPLE_LINES = 2000
# Fewer characters beyond ASCII do not tell encodings apart.
FEWEST_CHARACTERS = 20
# Text of names holds this share of frequent characters; read in the wrong encoding, a tenth of it.
LEAST_FREQUENT_SHARE = 0.12
CLEARLY_MORE = 2.5
# Characters that are frequent in Chinese text and in names of songs and singers, simplified ...
FREQUENT = set(
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然"
    "于心学么之都好看起发当没成只如事把还用第样道想作种开美乐歌爱情曲梦风花月夜雨雪海山水春秋红青星光云飞手声音"
    "电版主题片尾插剧新老少女男孩儿友酒泪眼离别忘记永远世界明今昨城路车家乡故妈爸王李张陈林刘周"
    # ... and traditional, where they differ
    "這個們來時為說國著過對學麼還發當沒樣種開樂愛夢風紅聲電題劇淚離別記遠車鄉媽張陳劉後會與雲飛裡"
)


def encoding_of(lines: Iterable[bytes]) -> str | None:
    """The encoding of lines that hold bytes beyond ASCII.

    Parameters
    ----------
    lines
        Lines without their ends; those of ASCII alone say nothing and are passed over.

    Returns
    -------
    str or None
        `utf-8` where most lines are, and where there is too little text to tell; `gb18030` or
        `big5` where the characters are those of Chinese text; None for any other encoding.
    """
    sample: list[bytes] = []
    for line in lines:
        if not line.isascii():
            sample.append(line)
        if len(sample) == SAMPLE_LINES:
            break
    broken = [line for line in sample if not _is_utf_8(line)]
    if 2 * len(broken) <= len(sample):
        return UTF_8
    if sum(byte >= 0x80 for line in broken for byte in line) < 2 * FEWEST_CHARACTERS:  # noqa: PLR2004 - beyond ASCII
        return UTF_8
    shares = {name: _frequent_share(broken, codec) for name, codec in CODECS.items()}
    best, other = sorted(shares, key=lambda name: shares[name], reverse=True)
    is_clear = shares[best] >= max(LEAST_FREQUENT_SHARE, CLEARLY_MORE * shares[other])
    return best if is_clear else None


def _is_utf_8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _frequent_share(lines: list[bytes], codec: str) -> float:
    """Share (0-1) of the characters beyond ASCII that are frequent in Chinese text."""
    characters = [
        character
        for line in lines
        for character in line.decode(codec, "replace")
        if not character.isascii()
    ]
    return sum(character in FREQUENT for character in characters) / max(1, len(characters))


class Recoded:
    """A stream of another encoding, read as UTF-8.

    Bytes that are no text in the encoding stay as they are, so that they are found, replaced and
    counted as those of any delivery.
    """

    def __init__(self, stream: Readable, encoding: str) -> None:
        self._stream = stream
        codec = CODECS.get(encoding, encoding)
        self._decoder = codecs.getincrementaldecoder(codec)("surrogateescape")

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, none at the end; they may be more than `size`."""
        try:
            while chunk := self._stream.read(size):
                if text := self._decoder.decode(chunk):
                    return text.encode(UTF_8, "surrogateescape")
            return self._decoder.decode(b"", final=True).encode(UTF_8, "surrogateescape")
        except UnicodeError as error:
            raise DeliveryError(f"the text cannot be read to its end: {error}") from error

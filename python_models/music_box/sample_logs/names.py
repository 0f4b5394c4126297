"""Made-up names of songs and singers, assembled from word lists by hashing their number.

A name is a sequence of parts, each taken from a small table of byte strings. Nothing is stored
per song, a song has the same name in every run, and a whole column of names is a few look-ups.
No real catalogue is copied; a made-up title may equal a real one by chance.
"""

from dataclasses import dataclass
from urllib.parse import quote_plus

import numpy as np
from numpy.typing import NDArray

Texts = NDArray[np.bytes_]
Indices = NDArray[np.int64]

LATIN_SHARE = 28  # percent of singers (and all their songs) with Latin names
PLAIN_TITLES = 78  # percent of titles without a remark such as (Live)

_HEADS = (
    "夜色 清晨 黄昏 海边 故乡 远方 时光 秋天 春风 冬夜 夏日 星空 月光 阳光 雨后 风中 云端 "
    "山谷 老街 小巷 青春 少年 旧梦 回忆 孤独 温柔 沉默 思念 誓言 眼泪 微笑 心跳 草原 沙漠 "
    "雪山 江南 北国 码头 车站 路口 红尘 缘分 命运 天涯 人间 梦里 窗外 灯下 桥头 雨季"
).split()
_LINKS = ["", "的", "里的", "与", "不懂", "等待", "再见", "爱上", "忘了", "遇见"]
_TAILS = (
    "歌 风 雨 海 花 路 梦 你 我 人 心 信 船 灯 酒 雪 故事 约会 朋友 情人 旅行 承诺 背影 "
    "距离 秘密 传说 流浪 歌谣 舞曲 答案 理由 味道 颜色 声音 眼睛 翅膀 小城 女孩 男孩 爱情 "
    "幸福 寂寞 伤口 拥抱 日记 电话 明天 昨天 铃声 童话 姑娘 兄弟 妈妈 家乡 月亮 太阳 蝴蝶 "
    "玫瑰 咖啡 火车"
).split()
_LATIN_HEADS = (
    "Midnight,Golden,Broken,Silent,Summer,Winter,Paper,Electric,Lonely,Crystal,Hidden,Falling,"
    "Burning,Distant,Velvet,Neon,Wild,Gentle,Secret,Frozen,Ocean,Mountain,City,Desert,River,"
    "Dancing With,Waiting For,Back To,Don't Forget,Letters To,Under The,Beyond The,Over My,"
    "Another,No More,Little,Sweet,Hey,Oh My,One Last"
).split(",")
_LATIN_TAILS = (
    " Road, Heart, Sky, Rain, Fire, Light, Dream, Memory, Garden, Train, Love, Mirror, Shadow,"
    " Morning, Sunday, Stranger, Home, Star, Window, Letter, Echo, Tide, Smoke, Bridge, Island,"
    " Melody, Storm, Whisper, Horizon, Feather, Promise, Engine, Circle, Harbor, Lantern,"
    " Carnival, Satellite, Wonder, Avenue, Parade"
).split(",")
_REMARKS = (
    " (Live)|(DJ版)|(伴奏)|(铃声版)|(29秒铃声版)|(Remix)|(Acoustic)|(女生版)|(男声版)"
    "|(慢摇版)|(Album Version)|(Radio Edit)|-(电视剧《长街》主题曲)|-(电影《归途》插曲)"
    "|-(电影《明灯》片尾曲)|(Demo)|(粤语版)|(纯音乐)|(合唱版)|（Intro）"
).split("|")
_SURNAMES = (
    "林 陈 周 许 沈 顾 叶 苏 陆 程 江 何 罗 梁 宋 唐 韩 冯 曹 彭 萧 蔡 潘 田 董 袁 于 余 杜 魏 "
    "欧阳 上官 慕容 司徒"
).split()
_GIVEN_FIRST = ["", *"子文思雨晓天嘉一若梦海云志明雪清"]
_GIVEN_LAST = list("涵轩怡辰宁琪峰航瑶萱洋杰婷蕾松霖")
_LATIN_FIRST = (
    "Marla,Joren,Tess,Colby,Anika,Dario,Freya,Milo,Nadia,Owen,Petra,Quinn,Rosa,Silas,Thea,Ulric,"
    "Vera,Wyatt,Yara,Zane,The,DJ,MC,Little,Young,Black,Blue,Saint"
).split(",")
_LATIN_LAST = (
    " Halden, Morrow, Vance, Okoro, Lindqvist, Farrow, Castell, Drummond, Eastlake, Fenwick,"
    " Gallows, Hartnell, Ibsen, Jasper, Kestrel, Larkin, Montrose, Norwood, Orchard, Pilgrims,"
    " Quarry, Rivers, Sparrows, Tremaine, Underwood, Vagabonds, Wolves, Yardley, Ziegler, Foxes"
).split(",")


@dataclass(frozen=True)
class PartTable:
    """Texts of one name part: as they are, and as the two kinds of phone encode them in a URL."""

    plain: Texts
    android: Texts  # upper-case hexadecimal digits, + for a space, ASCII letters as they are
    iphone: Texts  # lower-case hexadecimal digits, every byte encoded


def _table(texts: list[str]) -> PartTable:
    encoded = [text.encode() for text in texts]
    return PartTable(
        plain=np.array(encoded, dtype=np.bytes_),
        android=np.array([quote_plus(text) for text in texts], dtype=np.bytes_),
        iphone=np.array(
            ["".join(f"%{byte:02x}" for byte in text) for text in encoded], dtype=np.bytes_
        ),
    )


_CHINESE_HEADS = [head + link for head in _HEADS for link in _LINKS]
_CHINESE_GIVEN = [first + last for first in _GIVEN_FIRST for last in _GIVEN_LAST]
_COUNTS = {  # Chinese and Latin entries of each table
    "title_head": (len(_CHINESE_HEADS), len(_LATIN_HEADS)),
    "title_tail": (len(_TAILS), len(_LATIN_TAILS)),
    "singer_first": (len(_SURNAMES), len(_LATIN_FIRST)),
    "singer_last": (len(_CHINESE_GIVEN), len(_LATIN_LAST)),
}
TITLE_HEAD = _table(_CHINESE_HEADS + _LATIN_HEADS)
TITLE_TAIL = _table(_TAILS + _LATIN_TAILS)
TITLE_REMARK = _table(["", *_REMARKS])
SINGER_FIRST = _table(_SURNAMES + _LATIN_FIRST)
SINGER_LAST = _table(_CHINESE_GIVEN + _LATIN_LAST)
TITLE_PARTS = (TITLE_HEAD, TITLE_TAIL, TITLE_REMARK)
SINGER_PARTS = (SINGER_FIRST, SINGER_LAST)


def _hash(numbers: Indices, salt: int) -> Indices:
    """Thirty well-mixed bits of each number (multiply and shift, twice)."""
    mixed = (numbers.astype(np.uint64) + np.uint64(salt)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(34)).astype(np.int64)


def _pick(numbers: Indices, salt: int, is_latin: NDArray[np.bool_], table: str) -> Indices:
    chinese, latin = _COUNTS[table]
    mixed = _hash(numbers, salt)
    return np.where(is_latin, chinese + mixed % latin, mixed % chinese)


def _is_latin(singer: Indices) -> NDArray[np.bool_]:
    return np.asarray(_hash(singer, 11) % 100 < LATIN_SHARE)


def title_parts(song: Indices, singer: Indices) -> tuple[Indices, Indices, Indices]:
    """Rows of ``TITLE_PARTS`` that make up each song's title; arrays of shape (songs,)."""
    is_latin = _is_latin(singer)
    remark = _hash(song, 5)
    has_remark = remark % 100 >= PLAIN_TITLES
    return (
        _pick(song, 3, is_latin, "title_head"),
        _pick(song, 4, is_latin, "title_tail"),
        np.where(has_remark, 1 + (remark // 100) % len(_REMARKS), 0),
    )


def singer_parts(singer: Indices) -> tuple[Indices, Indices]:
    """Rows of ``SINGER_PARTS`` that make up each singer's name; arrays of shape (singers,)."""
    is_latin = _is_latin(singer)
    return (
        _pick(singer, 1, is_latin, "singer_first"),
        _pick(singer, 2, is_latin, "singer_last"),
    )


def uniform_of(song: Indices) -> NDArray[np.float64]:
    """A fixed number in [0, 1) for each song, shape (songs,)."""
    return _hash(song, 6) / 2.0**30

"""Landing: from a folder of deliveries to text that DuckDB reads line by line, losing nothing.

Each delivery is read once, as bytes. A line is *regular* if it has its event's number of fields and
consists of text; every other line is *irregular*. DuckDB reads the regular lines straight from the
delivery, or, where the delivery is compressed or holds irregular lines, from a copy in which each
irregular line is replaced by empty fields, so that line numbers stay those of the delivery. The
irregular lines go to a small file of their own, for SQL to repair or reject one by one. A clean
file therefore pays for one scan of its bytes, a dirty one only for its dirty lines.

The modules, none of which imports one that follows it:

* ``names``: what a file's name says.
* ``lines``: a stream of bytes as blocks of whole lines, and the irregular ones among them.
* ``containers``: plain, compressed or archived files as one stream of bytes.
* ``delivery``: one file landed, with its copy and its irregular lines.
* ``folder``: every file of a folder, and the memory of what earlier calls landed.
"""

from music_box.landing.containers import DeliveryError
from music_box.landing.delivery import LandedFile
from music_box.landing.folder import land_folder
from music_box.landing.lines import BYTE_ORDER_MARK, Block, read_blocks, split_block
from music_box.landing.names import DeliveryName, parse_delivery_name

__all__ = [
    "BYTE_ORDER_MARK",
    "Block",
    "DeliveryError",
    "DeliveryName",
    "LandedFile",
    "land_folder",
    "parse_delivery_name",
    "read_blocks",
    "split_block",
]

"""The checksum at the end of each line of a log, so that no damage goes unnoticed."""

from zlib import crc32


#: The bytes between a line and its checksum. No text in a line can contain them,
#: since JSON escapes its quotes.
CHECKSUM_KEY = b',"crc32":"'
#: The end of a line, made of the checksum of the bytes before it.
SEAL = CHECKSUM_KEY + b'%08x"}\n'
SEAL_LENGTH = len(SEAL % 0)
#: What the mark of an undo begins with, which is no record.
MARK_START = b'{"undone_by":'


def sealed(line: bytes) -> bytes:
    """Add its checksum, its last brace and its newline to the beginning of a line."""
    return line + SEAL % crc32(line)

"""Whether a JPEG 2000 file is whole, as far as its boxes tell (ISO/IEC 15444-1, annex I)."""

from __future__ import annotations

HEAD = 2**16
"""Bytes at the start of a file that hold all boxes before the image, with room to spare."""
SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
IMAGE = b"jp2c"


def fault(head: bytes, *, size: int) -> str:
    """What is wrong with a file of `size` bytes that begins with `head`; empty: nothing seen.

    Boxes say how long they are, so a file that ends before its image does is found without
    decoding it. A box of length 0 reaches to the end of the file and tells nothing.
    """
    if not head.startswith(SIGNATURE):
        return "is not a JPEG 2000 file"
    start = 0
    while start + 16 <= len(head):
        length, kind = int.from_bytes(head[start : start + 4]), head[start + 4 : start + 8]
        if length == 1:  # the true length follows
            length = int.from_bytes(head[start + 8 : start + 16])
        if length == 0:
            return "" if kind == IMAGE else "ends before its image"
        if length < 8:
            return "has a damaged header"
        if start + length > size:
            return f"is cut short: {size} of at least {start + length} bytes"
        if kind == IMAGE:
            return ""
        start += length
    return "" if start < size else "ends before its image"

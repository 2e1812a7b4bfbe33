"""Files that people send, good and bad, made on the spot."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image


def picture(format: str = "PNG", size: tuple[int, int] = (320, 200), **more: object) -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", size, (30, 90, 160)).save(out, format, **more)
    return out.getvalue()


def photo_with_place() -> bytes:
    """A JPEG that says where it was taken, and that it lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: to be turned by 90 degrees
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825).update({1: "N", 2: (22.0, 32.0, 0.0), 3: "E", 4: (114.0, 3.0, 0.0)})
    return picture("JPEG", (400, 200), exif=exif)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has next to no data: a bomb's fuse."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def real_bomb(side: int) -> bytes:
    """A PNG of one color, whole and valid: kilobytes that become hundreds of megabytes."""
    return picture("PNG", (side, side), optimize=False, compress_level=9)


def animation(frames: int = 200) -> bytes:
    """An APNG with many frames."""
    out = io.BytesIO()
    first, *rest = [Image.new("RGB", (16, 16), (index % 255, 0, 0)) for index in range(frames)]
    first.save(out, "PNG", save_all=True, append_images=rest)
    return out.getvalue()


def document(body: bytes = b"") -> bytes:
    """Just enough of a PDF."""
    return b"%PDF-1.7\n" + body + b"\ntrailer<<>>\nstartxref\n0\n%%EOF\n"


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

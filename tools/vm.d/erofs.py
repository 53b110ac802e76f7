# SPDX-License-Identifier: MIT
"""A read-only erofs image that describes one file whose bytes lie on another block device.

The guest mounts it with device=OTHER and sees "file" with the right size, while not one byte
of it was copied: only the last chunk is, since a file rarely ends on a block of a disk.
"""

import os
import struct

BLOCK = 4096
CHUNK_SHIFT = 8  # chunks of 1 MiB
CHUNK = BLOCK << CHUNK_SHIFT

MAGIC = 0xE0F5E1E2
SUPER_OFFSET = 1024
INCOMPAT_CHUNKED_FILE = 0x4
INCOMPAT_DEVICE_TABLE = 0x8
CHUNK_INDEXES = 0x20
EXTENDED = 1
FLAT_PLAIN = 0 << 1
CHUNK_BASED = 4 << 1
FT_REG, FT_DIR = 1, 2
SLOT = 128  # device slots are numbered in units of this many bytes
NID = 32  # and inodes in units of this many
ROOT_AT, FILE_AT = 1280, 1344


def _inode(layout, mode, size, union, ino, nlink):
    return struct.pack("<HHHHQIIIIQII16x", EXTENDED | layout, 0, mode, 0, size, union, ino,
                       0, 0, 0, 0, nlink)


def _directory(entries):
    """One block of sorted entries, names after them."""
    name_at = 12 * len(entries)
    heads = names = b""
    for name, nid, kind in sorted(entries):
        heads += struct.pack("<QHBB", nid, name_at + len(names), kind, 0)
        names += name
    return heads + names


def describe(path):
    """The image for the file at path, as bytes."""
    size = os.stat(path).st_size
    whole = size // CHUNK
    with open(path, "rb") as file:
        file.seek(whole * CHUNK)
        tail = file.read()

    # The inode of the file is followed by one index per chunk: device and block.
    indexes = b"".join(struct.pack("<HHI", 0, 1, i << CHUNK_SHIFT) for i in range(whole))
    meta_blocks = -(-(FILE_AT + 64 + 8 * (whole + 1)) // BLOCK)
    dir_block, tail_block = meta_blocks, meta_blocks + 1
    blocks = tail_block + -(-len(tail) // BLOCK)
    if tail:
        indexes += struct.pack("<HHI", 0, 0, tail_block)

    listing = _directory([(b".", ROOT_AT // NID, FT_DIR), (b"..", ROOT_AT // NID, FT_DIR),
                          (b"file", FILE_AT // NID, FT_REG)])
    superblock = struct.pack("<IIIBBHQQIIII16s16sIHHHBBIQB23x", MAGIC, 0, 0, 12, 0,
                             ROOT_AT // NID, 2, 0, 0, blocks, 0, 0, bytes(16), b"",
                             INCOMPAT_CHUNKED_FILE | INCOMPAT_DEVICE_TABLE, 0, 1,
                             (SUPER_OFFSET + SLOT) // SLOT, 0, 0, 0, 0, 0)
    slot = struct.pack("<64sII56x", b"", size // BLOCK, 0)
    image = bytearray(blocks * BLOCK)
    for at, data in ((SUPER_OFFSET, superblock), (SUPER_OFFSET + SLOT, slot),
                     (ROOT_AT, _inode(FLAT_PLAIN, 0o40755, len(listing), dir_block, 1, 2)),
                     (FILE_AT, _inode(CHUNK_BASED, 0o100444, size,
                                      CHUNK_INDEXES | CHUNK_SHIFT, 2, 1)),
                     (FILE_AT + 64, indexes),
                     (dir_block * BLOCK, listing), (tail_block * BLOCK, tail)):
        image[at:at + len(data)] = data
    return bytes(image)

# SPDX-License-Identifier: MIT
"""Launches a kernel on arrays, with run_kernel."""

import os
import struct
import subprocess

import numpy
from checks import BUILD

ALIGN = 64


class U64(int):
    """An argument of 64 bits that is no address; other whole numbers have 32."""


def launch(kernel, grid, *arguments):
    """
    Runs it once. An argument is an array of 4-byte elements, whose address is passed and which is replaced by what
    is there afterwards; None, an address of 0; U64; a whole number; or a float.
    """
    arrays, memory, packed, addresses = [], bytearray(ALIGN), bytearray(), 0
    for argument in arguments:
        if isinstance(argument, numpy.ndarray):
            assert argument.itemsize == 4 and argument.flags.c_contiguous
            known = [at for array, at in arrays if array is argument]
            at = known[0] if known else len(memory)
            if not known:
                arrays.append((argument, at))
                memory += argument.tobytes() + bytes(-argument.nbytes % ALIGN + ALIGN)
            addresses |= 1 << len(packed) // 8
            packed += struct.pack("<Q", at)
        elif argument is None or isinstance(argument, U64):
            packed += struct.pack("<Q", argument or 0)
        else:
            packed += struct.pack("<f" if isinstance(argument, float) else "<I", argument)
    done = subprocess.run([os.path.join(BUILD, "tests/emu/train/run_kernel"), kernel, *(str(n) for n in grid),
                           str(addresses), packed.hex()], input=bytes(memory), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    for array, at in arrays:
        array[...] = numpy.frombuffer(done.stdout, array.dtype, array.size, at).reshape(array.shape)

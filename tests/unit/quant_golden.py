#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Print the expected values of test_quant.c, as the PyPI package gguf dequantises them.

The input of each type is the same bytes that test_quant.c makes: a linear congruential sequence
in which the 16-bit scales are kept finite.
"""
import numpy as np
from gguf import quants
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType as T

# Offsets of fp16 fields in a block whose upper byte must not make an infinity or a NaN.
SCALES = {"F16": [0], "BF16": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2],
          "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
ELEMENTS = 1024


def main():
    for name, scales in SCALES.items():
        block, size = GGML_QUANT_SIZES[T[name]]
        state, data = 12345, bytearray()
        for _ in range(ELEMENTS // block * size):
            state = (state * 1664525 + 1013904223) % (1 << 32)
            data.append(state >> 24)
        for start in range(0, len(data), size):
            for field in scales:
                data[start + field + 1] &= 0xBB
        values = quants.dequantize(np.frombuffer(bytes(data), np.uint8), T[name])
        digest = 0xCBF29CE484222325
        for byte in values.astype("<f4").tobytes():
            digest = (digest ^ byte) * 0x100000001B3 % (1 << 64)
        some = ", ".join(float(v).hex() for v in values.flatten()[[1, 700]])
        print(f'\t{{QUANT_{name}, {{{", ".join(map(str, scales))}}}, {len(scales)}, '
              f"0x{digest:016x}, {{{some}}}}},")


if __name__ == "__main__":
    main()

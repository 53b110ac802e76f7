#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: gguf_check.py CHECKPOINT GGUF...

That each GGUF file, as the PyPI package gguf reads it, has the parameters of the checkpoint: the same bits
in fp32, NumPy's rounding in fp16, to nearest even in bf16; and the settings under the names that llama.cpp
gives them."""

import json
import struct
import sys

import numpy
from gguf import GGUFReader

KEYS = {"vocab": "llama.vocab_size", "embed": "llama.embedding_length", "layers": "llama.block_count",
        "heads": "llama.attention.head_count", "kv-heads": "llama.attention.head_count_kv",
        "ff": "llama.feed_forward_length", "context": "llama.context_length"}


def read_checkpoint(path):
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    data = data[8 + length:]
    meta = header.pop("__metadata__")
    return meta, {name: numpy.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
                  for name, entry in header.items() if not name.startswith("adamw.")}


def halves(values, kind):
    """The bits of fp16 or bf16, or of fp32."""
    if kind == "F16":
        return values.astype(numpy.float16).view(numpy.uint16)
    bits = values.view(numpy.uint32).astype(numpy.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(numpy.uint16) if kind == "BF16" else bits


def field(reader, key):
    return reader.get_field(key).contents()


def check(path, meta, parameters):
    reader = GGUFReader(path)
    assert field(reader, "general.architecture") == "llama"
    for name, key in KEYS.items():
        assert field(reader, key) == int(meta[name]), f"{path}: {key}: {field(reader, key)}, {meta[name]}"
    assert field(reader, "llama.rope.dimension_count") == int(meta["embed"]) // int(meta["heads"])
    tokens = field(reader, "tokenizer.ggml.tokens")
    assert len(tokens) == int(meta["vocab"]) and tokens[0] == "<|endoftext|>"
    merges = meta["merges"].split()
    assert field(reader, "tokenizer.ggml.merges") == [
        f"{tokens[int(a)]} {tokens[int(b)]}" for a, b in zip(merges[::2], merges[1::2])]
    found = {tensor.name: tensor for tensor in reader.tensors}
    assert found.keys() == parameters.keys(), f"{path}: {found.keys() ^ parameters.keys()}"
    for name, values in parameters.items():
        tensor = found[name]
        assert list(tensor.shape) == list(values.shape)[::-1], f"{path}: {name}: {tensor.shape}"
        kind = tensor.tensor_type.name
        assert kind == (path.rsplit(".", 1)[1].upper() if values.ndim == 2 else "F32"), f"{name}: {kind}"
        bits = numpy.ascontiguousarray(tensor.data).view(numpy.uint32 if kind == "F32" else numpy.uint16)
        assert numpy.array_equal(bits.ravel(), halves(values, kind).ravel()), f"{path}: {name}: other bits"


if __name__ == "__main__":
    checkpoint = read_checkpoint(sys.argv[1])
    for file in sys.argv[2:]:
        check(file, *checkpoint)

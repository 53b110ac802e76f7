#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: tests/fuzz/seeds.py TARGET FOLDER

Writes what the fuzzer TARGET (elf, gguf, safetensors) starts from into FOLDER: small inputs,
each right in its own way, and the reproducers of tests/fuzz/regress/TARGET (hexadecimal text).
"""

import glob
import json
import os
import struct
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


def elf():
    """The smallest of the chip's own programs."""
    files = sorted(glob.glob(os.path.join(ROOT, "build/kernels/*.elf")), key=os.path.getsize)
    for path in files[:4]:
        with open(path, "rb") as file:
            yield file.read()


def string(text):
    return struct.pack("<Q", len(text)) + text.encode()


def pair(key, value):
    """A key of the metadata; a list is one of strings, of floats or of integers."""
    if isinstance(value, bool):
        return string(key) + struct.pack("<IB", 7, value)
    if isinstance(value, int):
        return string(key) + struct.pack("<II", 4, value)
    if isinstance(value, float):
        return string(key) + struct.pack("<If", 6, value)
    if isinstance(value, str):
        return string(key) + struct.pack("<I", 8) + string(value)
    kind, code = {str: (8, None), float: (6, "f"), int: (5, "i")}[type(value[0])]
    head = string(key) + struct.pack("<IIQ", 9, kind, len(value))
    return head + b"".join(string(v) if code is None else struct.pack("<" + code, v) for v in value)


def gguf_file(pairs, tensors):
    """tensors: (name, dimensions, type, bytes) each."""
    out = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(pairs))
    out += b"".join(pair(k, v) for k, v in pairs.items())
    at = 0
    for name, dims, kind, size in tensors:
        out += string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, at)
        at += (size + 31) // 32 * 32
    return out + bytes(-len(out) % 32 + at)


def gguf():
    shape = {"block_count": 1, "context_length": 64, "embedding_length": 256,
             "feed_forward_length": 256, "attention.head_count": 4,
             "attention.head_count_kv": 2, "attention.layer_norm_rms_epsilon": 1e-5,
             "rope.freq_base": 1e4, "vocab_size": 8}
    tensors = [("a", (256, 2), 14, 420), ("b", (256,), 1, 512), ("c", (256, 2), 2, 288)]
    for arch, extra in (("llama", {}), ("gemma3", {"attention.key_length": 64,
                                                   "attention.sliding_window": 16})):
        pairs = {"general.architecture": arch}
        pairs |= {f"{arch}.{k}": v for k, v in (shape | extra).items()}
        yield gguf_file(pairs, tensors)
    words = ["<unk>", "<s>", "</s>", "\u2581", "h", "e", "l", "o", "he", "ll", "hell", "hello"]
    words += [f"<0x{n:02X}>" for n in range(256)]
    kinds = [2, 3, 3] + [1] * 9 + [6] * 256
    tokenizer = {"tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": words,
                 "tokenizer.ggml.scores": [-float(n) for n in range(len(words))],
                 "tokenizer.ggml.token_type": kinds, "tokenizer.ggml.bos_token_id": 1,
                 "tokenizer.ggml.eos_token_id": 2, "tokenizer.ggml.add_bos_token": True,
                 "tokenizer.chat_template": "{{ '<|im_start|>' }}"}
    yield gguf_file({"general.architecture": "llama"} | tokenizer, [])
    direct = [n for n in range(256) if 33 <= n <= 126 or 161 <= n <= 172 or n >= 174]
    spelled = [chr(n) for n in direct] + [chr(256 + n) for n in range(256 - len(direct))]
    tokenizer = {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "llama-bpe",
                 "tokenizer.ggml.tokens": spelled + ["he", "ll", "hell", "<s>"],
                 "tokenizer.ggml.token_type": [1] * 259 + [3],
                 "tokenizer.ggml.merges": ["h e", "l l", "he ll"],
                 "tokenizer.ggml.eos_token_id": 259}
    yield gguf_file({"general.architecture": "llama"} | tokenizer, [])


def safetensors():
    for tensors in ({}, {"a": (0, 24)}, {"a": (0, 24), "b": (24, 48)}):
        header = {"__metadata__": {"step": "7"}}
        header |= {name: {"dtype": "F32", "shape": [2, 3], "data_offsets": list(where)}
                   for name, where in tensors.items()}
        text = json.dumps(header).encode()
        yield struct.pack("<Q", len(text)) + text + bytes(48)


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in MAKERS:
        sys.exit("usage: tests/fuzz/seeds.py " + "|".join(MAKERS) + " FOLDER")
    target, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    inputs = {f"seed-{n}": data for n, data in enumerate(MAKERS[target]())}
    for path in glob.glob(os.path.join(ROOT, "tests/fuzz/regress", target, "*.hex")):
        with open(path, encoding="ascii") as file:
            inputs[os.path.basename(path)] = bytes.fromhex(file.read())
    for name, data in inputs.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)


MAKERS = {"elf": elf, "gguf": gguf, "safetensors": safetensors}
if __name__ == "__main__":
    main()

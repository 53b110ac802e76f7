#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: reference.py MODEL < golden.txt > tests/data/continuations.txt

Adds to what golden.py printed the best token of a gemma3 model in fp32 (numpy, weights
dequantised by the `gguf` package) wherever that is another than llama.cpp's: "token:margin:best". llama.cpp
quantises activations more coarsely than its margins show, so that now and then it is the one that is wrong.
"""

import sys

import gguf
import numpy as np

EPS = 1e-6
PERIOD = 6              # every sixth layer sees everything and rotates slowly
BASE_GLOBAL, BASE_LOCAL = 1e6, 1e4


class Model:
    """The weights by name, dequantised when asked for."""

    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        self.tensors = {t.name: t for t in reader.tensors}
        self.layers = int(reader.fields["gemma3.block_count"].contents())
        self.heads = int(reader.fields["gemma3.attention.head_count"].contents())
        self.head_dim = int(reader.fields["gemma3.attention.key_length"].contents())
        self.window = int(reader.fields["gemma3.attention.sliding_window"].contents())
        self.embedding = self.weight("token_embd")

    def weight(self, name):
        tensor = self.tensors[name + ".weight"]
        return gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)


def norm(x, weight):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPS) * weight


def rotate(x, base):
    half = x.shape[-1] // 2
    angle = np.arange(len(x))[:, None] * base ** (-np.arange(half) / half)
    cos, sin = np.cos(angle)[:, None, :], np.sin(angle)[:, None, :]
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)


def attention(model, layer, h):
    """One key-value head, shared by all query heads; the texts are shorter than the window."""
    n, base = len(h), BASE_LOCAL if (layer + 1) % PERIOD else BASE_GLOBAL
    assert n <= model.window

    def project(name):
        return (h @ model.weight(f"blk.{layer}.attn_{name}").T).reshape(n, -1, model.head_dim)

    q = rotate(norm(project("q"), model.weight(f"blk.{layer}.attn_q_norm")), base)
    k = rotate(norm(project("k"), model.weight(f"blk.{layer}.attn_k_norm")), base)[:, 0]
    v = project("v")[:, 0]
    scores = np.einsum("thd,sd->hts", q, k) / np.sqrt(model.head_dim)
    scores = np.where(np.tril(np.ones((n, n), bool)), scores, -np.inf)
    p = np.exp(scores - scores.max(-1, keepdims=True))
    out = np.einsum("hts,sd->thd", p / p.sum(-1, keepdims=True), v)
    return out.reshape(n, -1) @ model.weight(f"blk.{layer}.attn_output").T


def feed_forward(model, layer, h):
    g = h @ model.weight(f"blk.{layer}.ffn_gate").T
    g = 0.5 * g * (1 + np.tanh(np.sqrt(2 / np.pi) * (g + 0.044715 * g ** 3)))
    return (g * (h @ model.weight(f"blk.{layer}.ffn_up").T)) @ model.weight(f"blk.{layer}.ffn_down").T


def logits(model, tokens):
    x = model.embedding[tokens] * np.float32(np.sqrt(model.embedding.shape[1]))
    for layer in range(model.layers):
        y = attention(model, layer, norm(x, model.weight(f"blk.{layer}.attn_norm")))
        x = x + norm(y, model.weight(f"blk.{layer}.post_attention_norm"))
        y = feed_forward(model, layer, norm(x, model.weight(f"blk.{layer}.ffn_norm")))
        x = x + norm(y, model.weight(f"blk.{layer}.post_ffw_norm"))
    return norm(x, model.weight("output_norm")) @ model.embedding.T


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.splitlines()[0])
    model = Model(sys.argv[1])
    lines = [line for line in sys.stdin.read().splitlines() if not line.startswith("#")]
    print("# The 64 most likely tokens after each prompt of prompts.txt: by golden.py and reference.py.")
    for prompt, pairs in zip(lines[::2], lines[1::2]):
        before = [int(token) for token in prompt.split()]
        pairs = [pair.split(":")[:2] for pair in pairs.split()]
        text = before + [int(token) for token, _ in pairs]
        best = logits(model, text[:-1])[len(before) - 1:].argmax(-1)
        print(prompt)
        print(*[":".join(pair) + ("" if int(pair[0]) == b else f":{b}") for pair, b in zip(pairs, best)])


if __name__ == "__main__":
    main()

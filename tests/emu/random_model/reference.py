# SPDX-License-Identifier: MIT
"""The llama architecture in numpy, fp32 throughout."""

import numpy as np


def rms_norm(x, weight, eps):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(eps)) * weight


def rotate(x, base):
    """Rotary embedding of x[token][head][dim]: pairs of neighbours, positions from 0."""
    n, _, dim = x.shape
    angle = np.outer(np.arange(n), base ** (-np.arange(0, dim, 2) / dim))[:, None, :]
    cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    out = np.empty_like(x)
    out[..., 0::2] = x[..., 0::2] * cos - x[..., 1::2] * sin
    out[..., 1::2] = x[..., 0::2] * sin + x[..., 1::2] * cos
    return out


def attention(q, k, v):
    """Causal; q[token][head][dim], each key-value head serves the next heads / kv_heads heads."""
    group = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, group, axis=1), np.repeat(v, group, axis=1)
    scores = np.einsum("ihd,jhd->hij", q, k) / np.sqrt(np.float32(q.shape[2]))
    scores += np.triu(np.full(scores.shape[1:], -np.inf, np.float32), 1)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return np.einsum("hij,jhd->ihd", weights, v).reshape(len(q), -1)


def silu(x):
    return x / (1 + np.exp(-x))


def logits(shape, w, tokens):
    """float32[token][vocabulary] of one text."""
    x = w["token_embd.weight"][tokens]
    for i in range(shape.layers):
        def layer(name, i=i):
            return w[f"blk.{i}.{name}.weight"]

        h = rms_norm(x, layer("attn_norm"), shape.eps)
        q, k, v = ((h @ layer(name).T).reshape(len(tokens), -1, shape.head_dim)
                   for name in ("attn_q", "attn_k", "attn_v"))
        heads = attention(rotate(q, shape.rope_base), rotate(k, shape.rope_base), v)
        x = x + heads @ layer("attn_output").T
        h = rms_norm(x, layer("ffn_norm"), shape.eps)
        x = x + (silu(h @ layer("ffn_gate").T) * (h @ layer("ffn_up").T)) @ layer("ffn_down").T
    output = w["token_embd.weight" if shape.tied else "output.weight"]
    return rms_norm(x, w["output_norm.weight"], shape.eps) @ output.T

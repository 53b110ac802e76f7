# SPDX-License-Identifier: MIT
"""A llama in PyTorch, written from its papers with PyTorch's own operations: what ours is compared with."""

import math

import torch
from torch.nn.functional import cross_entropy, embedding, linear, silu


def rms_norm(x, weight, eps):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * weight


def rotate(x, base):
    """[batch][tokens][heads][head_dim]: adjacent pairs as complex numbers, turned by position · base^(-2i/d)."""
    tokens, size = x.shape[1], x.shape[3]
    angle = torch.outer(torch.arange(tokens, dtype=torch.float64),
                        base ** (-torch.arange(0, size, 2, dtype=torch.float64) / size))
    turn = torch.polar(torch.ones_like(angle), angle).to(
        torch.complex64 if x.dtype == torch.float32 else torch.complex128)
    pairs = torch.view_as_complex(x.reshape(*x.shape[:3], size // 2, 2))
    return torch.view_as_real(pairs * turn[None, :, None, :]).reshape(x.shape)


def attention(q, k, v):
    """Causal, [batch][tokens][heads][head_dim], with fewer heads in k and v."""
    group = q.shape[2] // k.shape[2]
    q, k, v = (t.transpose(1, 2) for t in (q, k.repeat_interleave(group, 2), v.repeat_interleave(group, 2)))
    score = q @ k.transpose(2, 3) / math.sqrt(q.shape[3])
    tokens = q.shape[2]
    score = score.masked_fill(torch.ones(tokens, tokens, dtype=torch.bool).triu(1), -math.inf)
    return (score.softmax(-1) @ v).transpose(1, 2)


def shapes(c):
    """Names and shapes of the parameters in their order."""
    kv = c["embed"] // c["heads"] * c["kv_heads"]
    yield "token_embd", (c["vocab"], c["embed"])
    for i in range(c["layers"]):
        for name, *shape in (("attn_norm", c["embed"]), ("attn_q", c["embed"], c["embed"]),
                             ("attn_k", kv, c["embed"]), ("attn_v", kv, c["embed"]),
                             ("attn_output", c["embed"], c["embed"]), ("ffn_norm", c["embed"]),
                             ("ffn_gate", c["ff"], c["embed"]), ("ffn_up", c["ff"], c["embed"]),
                             ("ffn_down", c["embed"], c["ff"])):
            yield f"blk.{i}.{name}", tuple(shape)
    yield "output_norm", (c["embed"],)
    if not c["tied"]:
        yield "output", (c["vocab"], c["embed"])


def loss_of(c, p, tokens):
    """Mean loss of predicting tokens[batch][1..] from those before."""
    ids, labels = tokens[:, :-1], tokens[:, 1:]
    x = embedding(ids, p["token_embd"])
    heads = (*ids.shape, -1, c["embed"] // c["heads"])
    for i in range(c["layers"]):
        w = {name.split(".")[2]: t for name, t in p.items() if name.startswith(f"blk.{i}.")}
        h = rms_norm(x, w["attn_norm"], c["eps"])
        q, k, v = (linear(h, w[name]).reshape(heads) for name in ("attn_q", "attn_k", "attn_v"))
        h = attention(rotate(q, c["base"]), rotate(k, c["base"]), v).reshape(x.shape)
        x = x + linear(h, w["attn_output"])
        h = rms_norm(x, w["ffn_norm"], c["eps"])
        x = x + linear(silu(linear(h, w["ffn_gate"])) * linear(h, w["ffn_up"]), w["ffn_down"])
    logits = linear(rms_norm(x, p["output_norm"], c["eps"]), p["token_embd" if c["tied"] else "output"])
    return cross_entropy(logits.reshape(-1, c["vocab"]), labels.reshape(-1))


def train(c, p, batches, rates, decay, clip):
    """Yields loss and norm of the gradients of each step; p changes."""
    p = {name: t.requires_grad_() for name, t in p.items()}
    plain = [t for name, t in p.items() if t.dim() == 1 or (name == "token_embd" and not c["decay_embedding"])]
    decaying = [t for t in p.values() if all(t is not other for other in plain)]
    optimizer = torch.optim.AdamW([{"params": decaying, "weight_decay": decay},
                                   {"params": plain, "weight_decay": 0.0}], betas=(0.9, 0.95), eps=1e-8)
    for tokens, rate in zip(batches, rates):
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        loss = loss_of(c, p, tokens)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(p.values(), clip)
        optimizer.step()
        yield loss.item(), norm.item()

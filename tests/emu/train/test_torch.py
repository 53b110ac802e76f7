#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: each kernel of training, forward and gradient, gives what PyTorch does: its own operations and
its autograd, in fp64. Errors are relative to the largest element, and a few units of fp32's last place
for each of the products that are added."""

import sys

sys.path[:0] = ["tests/emu/tools", "tests/emu/train"]
from checks import main  # noqa: E402

try:
    import numpy
    import torch
except ImportError as missing:
    print(f"skipped: {missing}; install python3-torch")
    sys.exit(77)
from torch.nn import functional  # noqa: E402
import torch_llama  # noqa: E402
from launch import U64, launch  # noqa: E402

RANDOM = numpy.random.default_rng(11)
FLIP, A_COLS, B_COLS, ADDEND_ROW, BACK = 1, 1, 2, 4, 1
F32 = 0  # AXON_F32


def normal(*shape):
    return RANDOM.standard_normal(shape, dtype=numpy.float32)


def nothing(*shape):
    return numpy.full(shape, numpy.nan, numpy.float32)


def leaf(array):
    """The same numbers in fp64, whose gradient PyTorch is to find."""
    return torch.from_numpy(array).double().requires_grad_()


def near(what, found, expected, tolerance=2e-6):
    expected = expected.detach().numpy().reshape(found.shape)
    off, largest = numpy.abs(found - expected).max(), numpy.abs(expected).max()
    assert off <= tolerance * largest, f"{what}: expected PyTorch's within {tolerance:g}, found {off / largest:.2g}"


def channels_first(images):
    return images.permute(0, 3, 1, 2)


def conv_and_conv_grad():
    for images, height, width, inner, outer in ((3, 5, 4, 3, 7), (2, 8, 6, 17, 16)):
        x, w, b = normal(images, height, width, inner), normal(outer, 3, 3, inner), normal(outer)
        y, dy = nothing(images, height, width, outer), normal(images, height, width, outer)
        dx, part, grad = nothing(*x.shape), nothing(2, w.size + outer), nothing(w.size + outer)
        launch("conv", (images, 1), x, w, b, y, height, width, inner, outer, 0, 0)
        launch("conv", (images, 1), dy, w, None, dx, height, width, outer, inner, FLIP, 0)
        per = (images + 1) // 2
        launch("conv_grad", (2, 1), x, dy, part, images, per, height, width, inner, outer)
        launch("reduce", (grad.size, 1), part, grad, grad.size, 1, 2, 4 * grad.size)
        tx, tw, tb = leaf(x), leaf(w), leaf(b)
        out = functional.conv2d(channels_first(tx), channels_first(tw), tb, padding=1).permute(0, 2, 3, 1)
        out.backward(torch.from_numpy(dy))
        near("conv", y, out)
        near("gradient of x", dx, tx.grad)
        near("gradient of w", grad[:w.size], tw.grad)
        near("gradient of bias", grad[w.size:], tb.grad)


def max_pool():
    x = normal(3, 6, 8, 5)
    y, dy, dx = nothing(3, 3, 4, 5), normal(3, 3, 4, 5), x.copy()
    launch("max_pool", (3, 1), x, y, None, 6, 8, 5, 0)
    launch("max_pool", (3, 1), dx, y, dy, 6, 8, 5, 0)
    tx = leaf(x)
    out = functional.max_pool2d(functional.relu(channels_first(tx)), 2).permute(0, 2, 3, 1)
    out.backward(torch.from_numpy(dy))
    near("max_pool", y, out, 0)
    near("gradient", dx, tx.grad, 0)


def gemm_as_a_linear_layer():
    for m, n, k in ((7, 19, 3), (33, 40, 600)):
        x, w, b, dy = normal(m, k), normal(n, k), normal(n), normal(m, n)
        y, dx, dw = nothing(m, n), nothing(m, k), nothing(n, k)

        def product(flags, a, b, c, addend, rows, cols, depth):
            launch("gemm", (-(-cols // 16), -(-rows // 8)), a, b, c, addend, rows, cols, depth, flags, 8, 16)

        product(B_COLS | ADDEND_ROW, x, w, y, b, m, n, k)
        product(0, dy, w, dx, None, m, k, n)
        product(A_COLS, dy, x, dw, None, n, k, m)
        tx, tw, tb = leaf(x), leaf(w), leaf(b)
        out = functional.linear(tx, tw, tb)
        out.backward(torch.from_numpy(dy))
        near("y", y, out)
        near("gradient of x", dx, tx.grad)
        near("gradient of w", dw, tw.grad)


def cross_entropy():
    for rows, cols, spread in ((4, 10, 1), (9, 301, 20)):
        x, label = normal(rows, cols) * numpy.float32(spread), RANDOM.integers(0, cols, rows, numpy.int32)
        dx, loss, correct = nothing(rows, cols), nothing(rows), nothing(rows)
        launch("cross_entropy", (-(-rows // 2), 1), x, label, dx, loss, correct, rows, cols, 2, 1.0 / rows)
        tx = leaf(x)
        out = functional.cross_entropy(tx, torch.from_numpy(label).long(), reduction="none")
        out.mean().backward()
        near("loss", loss, out)
        near("gradient", dx, tx.grad)
        near("correct", correct, (tx.argmax(1) == torch.from_numpy(label)).double(), 0)


def adamw_with_clipping():
    """Ten steps; the squares come from sum_squares and reduce, a chunk of a tensor each."""
    size, clip, rate, decay = 40000, 1.0, 0.01, 0.1
    w, m, v = normal(size), numpy.zeros(size, numpy.float32), numpy.zeros(size, numpy.float32)
    tw = leaf(w)
    optimizer = torch.optim.AdamW([tw], lr=rate, betas=(0.9, 0.95), eps=1e-8, weight_decay=decay)
    for t in range(1, 11):
        g = normal(size) * numpy.float32(10.0**-t)  # from far above the limit to far below
        part, squares = nothing(3), nothing(1)
        step = numpy.float32([0.1, 0.95, 0.05, 1 - rate * decay, rate / (1 - 0.9**t),
                              1 / numpy.sqrt(1 - 0.95**t), 1e-8, clip])
        launch("sum_squares", (3, 1), g, part, U64(size))
        launch("reduce", (1, 1), part, squares, 1, 1, 3, 4)
        launch("adamw", (3, 1), step, w, g.copy(), m, v, squares, size, 0)
        tw.grad = torch.from_numpy(g).double()
        near("norm", numpy.sqrt(squares), torch.nn.utils.clip_grad_norm_([tw], clip))
        optimizer.step()
        near(f"weights after step {t}", w, tw)


def norm_and_norm_grad():
    rows, cols, eps = 11, 96, 1e-5
    x, w, dy = normal(rows, cols), normal(cols), normal(rows, cols)
    y, dx, part, dw = nothing(rows, cols), nothing(rows, cols), nothing(3, cols), nothing(cols)
    count = numpy.uint32([rows])
    launch("norm", (3, 1), count, None, x, None, None, w, None, y, F32, cols, 4, eps)
    launch("norm_grad", (3, 1), x, w, dy, dx, part, rows, cols, 4, eps, 0, 0)
    launch("reduce", (cols, 1), part, dw, cols, 1, 3, 4 * cols)
    tx, tw = leaf(x), leaf(w)
    out = torch_llama.rms_norm(tx, tw, eps)
    out.backward(torch.from_numpy(dy))
    near("norm", y, out)
    near("gradient of x", dx, tx.grad)
    near("gradient of w", dw, tw.grad)


def flash_and_flash_grad():
    for sequences, tokens, heads, kv_heads, size in ((2, 37, 4, 2, 8), (1, 70, 3, 1, 16)):
        shape, kv_shape = (sequences, tokens, heads, size), (sequences, tokens, kv_heads, size)
        q, k, v, dy = normal(*shape), normal(*kv_shape), normal(*kv_shape), normal(*shape)
        y, sums, dq = nothing(*shape), nothing(sequences, heads, tokens), nothing(*shape)
        dk, dv = nothing(*kv_shape), nothing(*kv_shape)
        arguments = (q, k, v, y, sums, dy, dq, dk, dv, tokens, heads, kv_heads, size, 16, 16, size**-0.5, 0)
        launch("flash", (-(-tokens // 16), sequences * heads), *arguments)
        launch("flash_grad", (kv_heads, sequences), *arguments)
        tq, tk, tv = leaf(q), leaf(k), leaf(v)
        out = torch_llama.attention(tq, tk, tv)
        out.backward(torch.from_numpy(dy))
        for what, found, expected in (("y", y, out), ("gradient of q", dq, tq.grad),
                                      ("gradient of k", dk, tk.grad), ("gradient of v", dv, tv.grad)):
            near(what, found, expected, 5e-6)


def rotate():
    sequences, tokens, heads, size = 2, 13, 3, 8
    x, dy = normal(sequences, tokens, heads, size), normal(sequences, tokens, heads, size)
    angle = numpy.outer(numpy.arange(tokens), 10000.0 ** (-numpy.arange(0, size, 2) / size))
    cos, sin = (numpy.tile(f(angle), heads).astype(numpy.float32) for f in (numpy.cos, numpy.sin))
    y, dx = x.copy(), dy.copy()
    for array, flags in (y, 0), (dx, BACK):
        launch("rotate", (3, sequences), array, cos, sin, U64(cos.strides[0]), tokens, heads * size // 2, 5, flags)
    tx = leaf(x)
    out = torch_llama.rotate(tx, 10000.0)
    out.backward(torch.from_numpy(dy))
    near("rotate", y, out)
    near("gradient", dx, tx.grad)


def swiglu():
    gate, up, dy = normal(20001) * numpy.float32(4), normal(20001), normal(20001)
    y, dgate, dup = nothing(20001), gate.copy(), up.copy()
    launch("swiglu", (2, 1), gate, up, y, None, U64(gate.size))
    launch("swiglu", (2, 1), dgate, dup, y, dy, U64(gate.size))
    tg, tu = leaf(gate), leaf(up)
    out = functional.silu(tg) * tu
    out.backward(torch.from_numpy(dy))
    near("swiglu", y, out)
    near("gradient of gate", dgate, tg.grad)
    near("gradient of up", dup, tu.grad)


def embed_grad():
    rows, cols, vocab = 50, 40, 13
    ids, dy, grad = RANDOM.integers(0, vocab, rows, numpy.int32), normal(rows, cols), nothing(vocab, cols)
    launch("embed_grad", (3, 1), ids, dy, grad, rows, cols, vocab, 16, 0, 0)
    table = leaf(normal(vocab, cols))
    functional.embedding(torch.from_numpy(ids).long(), table).backward(torch.from_numpy(dy))
    near("gradient", grad, table.grad)


if __name__ == "__main__":
    sys.exit(main([conv_and_conv_grad, max_pool, gemm_as_a_linear_layer, cross_entropy, adamw_with_clipping,
                   norm_and_norm_grad, flash_and_flash_grad, rotate, swiglu, embed_grad]))

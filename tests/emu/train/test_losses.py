#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: accel-train's losses on the real data set are PyTorch's: the same weights and order of the
data, made here anew from the seed, then PyTorch's own layers, gradients and AdamW. 1e-3 for steps 1 to
20, 1e-2 to 50."""

import gzip
import os
import struct
import sys

sys.path[:0] = ["tests/emu/tools", "tests/emu/train"]
from checks import main, run  # noqa: E402
from seeded import MASK, below, splitmix, stream  # noqa: E402

DATA = "/usr/share/datasets/fashion-mnist"
SEED, BATCH, STEPS = 7, 64, 50

try:
    import numpy
    import torch
except ImportError as missing:
    print(f"skipped: {missing}; install python3-torch")
    sys.exit(77)
if not os.path.isdir(DATA):
    print(f"skipped: no {DATA}; install dataset-fashion-mnist")
    sys.exit(77)


def uniform(number, shape, fan_in):
    """A parameter: multiples of 2^-23 in [-1, 1), divided by the root of fan_in."""
    state, values = stream(SEED, number), []
    for _ in range(numpy.prod(shape)):
        z, state = splitmix(state)
        values.append((z >> 40) * 2.0**-23 - 1.0)
    values = numpy.float32(values).reshape(shape) / numpy.sqrt(numpy.float32(fan_in))
    return torch.from_numpy(values)


def first_epoch(images):
    state, order = stream(SEED, MASK), [0] * images
    for i in range(images):
        j, state = below(state, i + 1)
        order[i] = order[j]
        order[j] = i
    return order


def idx(name, head):
    with gzip.open(os.path.join(DATA, name)) as file:
        data = file.read()
    return torch.from_numpy(numpy.frombuffer(data[head:], numpy.uint8).copy()), struct.unpack(
        ">I", data[4:8])[0]


def network():
    """PyTorch keeps channels first, the chip last: only the layout is changed here."""
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 16, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(16, 32, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Flatten(), torch.nn.Linear(1568, 10))
    numbers = ((0, 2, (16, 3, 3, 1), 9), (3, 6, (32, 3, 3, 16), 144), (7, 10, (10, 7, 7, 32), 1568))
    with torch.no_grad():
        for layer, number, shape, fan_in in numbers:
            weight = uniform(number, shape, fan_in).permute(0, 3, 1, 2)
            net[layer].weight.copy_(weight.reshape(net[layer].weight.shape))
            net[layer].bias.copy_(uniform(number + 1, shape[:1], fan_in))
    return net


def reference():
    pixels, images = idx("train-images-idx3-ubyte.gz", 16)
    labels, _ = idx("train-labels-idx1-ubyte.gz", 8)
    pixels = pixels.reshape(images, 1, 28, 28)
    order, net, losses = first_epoch(images), network(), []
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8,
                                  weight_decay=0.01)
    for step in range(STEPS):
        rows = torch.tensor(order[step * BATCH:(step + 1) * BATCH])
        loss = torch.nn.functional.cross_entropy(
            net((pixels[rows].float() / 255 - 0.2860) / 0.3530), labels[rows].long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def losses_are_those_of_pytorch():
    done = run("accel-train", "fashion-mnist", "--seed", str(SEED), "--batch", str(BATCH), "--steps",
               str(STEPS), "--report", "1")
    assert done.returncode == 0, done.stderr
    found = [float(line.split("loss ")[1].split()[0]) for line in done.stdout.splitlines()[:STEPS]]
    worst = 0.0
    for step, (ours, theirs) in enumerate(zip(found, reference(), strict=True), 1):
        off = abs(ours - theirs) / theirs
        worst = max(worst, off)
        allowed = 1e-3 if step <= 20 else 1e-2
        assert off <= allowed, f"step {step}: expected {theirs:.5f} within {allowed:g}, found {ours}"
    print(f"largest relative difference in {STEPS} steps: {worst:.1e}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main([losses_are_those_of_pytorch]))

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: accel-train learns; a checkpoint goes on to the bit, also after kill -9; results do not depend
on the number of cores; broken data and checkpoints are refused in one clear line."""

import gzip
import json
import math
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.path[:0] = ["tests/emu/tools"]
from checks import BUILD, expect_refusal, main, run  # noqa: E402

FOLDER = tempfile.TemporaryDirectory(prefix="axon-train-")
TRAIN, TEST, BATCH = 100, 30, 16
HERE = os.environ | {"LD_LIBRARY_PATH": os.path.join(BUILD, "emu")}


def at(name):
    return os.path.join(FOLDER.name, name)


def idx(dims, data):
    return struct.pack(f">BBBB{len(dims)}I", 0, 0, 8, len(dims), *dims) + bytes(data)


def image(label, noise):
    """A bright bar whose height says the label, in noise."""
    return [min(255, noise.randrange(60) + (180 if 2 * label <= y - 2 < 2 * label + 4 else 0))
            for y in range(28) for _ in range(28)]


def make_data(folder):
    """The four files of a data set."""
    noise = random.Random(4)
    os.makedirs(at(folder), exist_ok=True)
    for part, count in (("train", TRAIN), ("t10k", TEST)):
        labels = [noise.randrange(10) for _ in range(count)]
        pixels = [p for label in labels for p in image(label, noise)]
        write(folder, f"{part}-images-idx3-ubyte.gz", idx([count, 28, 28], pixels))
        write(folder, f"{part}-labels-idx1-ubyte.gz", idx([count], labels))
    return at(folder)


def write(folder, name, data, compress=gzip.compress):
    with open(os.path.join(at(folder), name), "wb") as file:
        file.write(compress(data))


def read(name):
    with open(at(name), "rb") as file:
        return file.read()


DATA = make_data("data")


def train(*arguments, data=DATA, **environment):
    return run("accel-train", "fashion-mnist", "--data", data, "--batch", str(BATCH), *arguments,
               **environment)


def trained(*arguments, **environment):
    done = train(*arguments, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def it_learns():
    first = trained("--steps", "1")
    last = trained("--epochs", "15", "--out", at("learned"))
    loss = [float(lines[0].split("loss ")[1].split()[0]) for lines in (first, last)]
    assert abs(loss[0] - math.log(10)) < 0.7, f"expected about ln 10 before training, found {loss[0]}"
    assert loss[1] < 1.2, f"expected a mean loss below 1.2, found {loss[1]}"
    accuracy = float(last[-1].removeprefix("test accuracy ").removesuffix(" %"))
    assert accuracy >= 90, f"expected 90 % or more, found {last[-1]}"
    evaluated = run("accel-train", "fashion-mnist", "--data", DATA, "--eval", at("learned"))
    assert evaluated.stdout.splitlines() == last[-1:], evaluated.stdout + evaluated.stderr


def the_checkpoint_is_safetensors():
    trained("--steps", "3", "--out", at("whole"))
    data = read("whole")
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    assert header.pop("__metadata__") == {
        "format": "axon-classifier-1", "seed": "1", "batch": str(BATCH), "step": "3"}
    shapes = {"conv1.weight": [16, 3, 3, 1], "conv1.bias": [16], "conv2.weight": [32, 3, 3, 16],
              "conv2.bias": [32], "fc.weight": [10, 1568], "fc.bias": [10]}
    expected = {prefix + name: shape for prefix in ("", "adamw.m.", "adamw.v.")
                for name, shape in shapes.items()}
    assert {name: entry["shape"] for name, entry in header.items()} == expected
    end = 0
    for entry in header.values():
        assert entry["dtype"] == "F32" and entry["data_offsets"][0] == end
        end += 4 * math.prod(entry["shape"])
        assert entry["data_offsets"][1] == end
    assert 8 + length + end == len(data) and length % 8 == 0


def resuming_gives_the_same_bits():
    trained("--steps", "20", "--out", at("straight"))
    trained("--steps", "9", "--out", at("half"))
    trained("--steps", "20", "--resume", at("half"), "--out", at("resumed"))
    assert read("straight") == read("resumed")
    trained("--steps", "20", "--seed", "2", "--out", at("other"))
    assert read("straight") != read("other")


def killing_loses_nothing():
    with subprocess.Popen([os.path.join(BUILD, "accel-train"), "fashion-mnist", "--data", DATA,
                           "--batch", str(BATCH), "--steps", "100000", "--save-every", "1",
                           "--out", at("killed")], env=HERE, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 30
        while not os.path.exists(at("killed")) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)
        process.kill()
    data = read("killed")
    step = int(json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])["__metadata__"]["step"])
    trained("--steps", str(step + 2), "--resume", at("killed"), "--out", at("revived"))
    trained("--steps", str(step + 2), "--out", at("unharmed"))
    assert read("revived") == read("unharmed")


def interrupting_saves():
    with subprocess.Popen([os.path.join(BUILD, "accel-train"), "fashion-mnist", "--data", DATA,
                           "--batch", str(BATCH), "--steps", "100000", "--save-every", "100000",
                           "--out", at("saved")], env=HERE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert process.returncode == 130, process.returncode
    run_on = run("accel-train", "fashion-mnist", "--data", DATA, "--eval", at("saved"))
    assert run_on.returncode == 0, run_on.stderr


def cores_do_not_matter():
    for cores in "1", "3":
        trained("--steps", "8", "--out", at("cores" + cores), AXON_EMU_CORES=cores)
    assert read("cores1") == read("cores3")


def refuses_broken_data():
    good = gzip.decompress(read("data/train-images-idx3-ubyte.gz"))
    labels = gzip.decompress(read("data/train-labels-idx1-ubyte.gz"))
    images, names = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
    expect_refusal(train(data=at("nowhere")), 1, images, "No such file", "dataset-fashion-mnist")
    for name, data, words in (
            (images, good[:-1], ("more bytes, found",)),
            (images, good + b"x", ("end of the file, found more",)),
            (images, b"", ("expected 16 more bytes, found 0",)),
            (images, b"\0\0\x0d" + good[3:], ("00000803", "found 00000d03")),
            (images, idx([2**31, 2**31, 4], []), ("bytes of data",)),
            (images, idx([1, 27, 28], [0] * 756), ("28 x 28", "27 x 28")),
            (names, idx([TRAIN - 1], labels[8:-1]), ("100 labels, found 99",)),
            (names, labels[:-1] + b"\x0a", ("below 10, found 10",))):
        folder = make_data("broken")
        write("broken", name, data)
        expect_refusal(train(data=folder), 1, name, *words)
    make_data("broken")
    write("broken", images, good, lambda data: gzip.compress(data)[:-5] + b"\0\0\0\0\0")
    expect_refusal(train(data=at("broken")), 1, images, "damaged")


def refuses_broken_checkpoints():
    trained("--steps", "2", "--out", at("good"))
    good = read("good")
    length = struct.unpack("<Q", good[:8])[0]

    def header(change):
        text = change(good[8:8 + length])
        return struct.pack("<Q", len(text)) + text + good[8 + length:]

    for data, words in (
            (b"", ("safetensors",)),
            (good[:-4], ("within the file",)),
            (b"\xff" * 8 + good[8:], ("safetensors",)),
            (header(lambda text: b"[" + text[1:]), ("JSON",)),
            (header(lambda text: text.replace(b"[16,3,3,1]", b"[16,3,3,2]")), ("conv1.weight", "shape")),
            (header(lambda text: text.replace(b"F32", b"F16", 1)), ("F32",)),
            (header(lambda text: text.replace(b"fc.bias", b"fc.boas")), ("fc.bias",)),
            (header(lambda text: text.replace(b'"data_offsets":[0,576]', b'"data_offsets":[-4,572]')),
             ("conv1.weight",)),
            (header(lambda text: text.replace(b'"step":"2"', b'"step":"-"')), ("step", "'-'")),
            (header(lambda text: text.replace(b'"batch":"16"', b'"batch":"0"')), ("batch", "found 0")),
            (header(lambda text: text.replace(b"axon-classifier-1", b"else")), ("axon-classifier-1", "else"))):
        assert data != good
        with open(at("bad"), "wb") as file:
            file.write(data)
        expect_refusal(run("accel-train", "fashion-mnist", "--data", DATA, "--eval", at("bad")), 1,
                       at("bad"), *words)
    expect_refusal(train("--resume", at("good"), "--seed", "5"), 1, "seed 5", "found 1")
    expect_refusal(train("--resume", at("good"), "--steps", "1"), 1, "at most 1 steps, found 2")
    done = train("--steps", "1", "--out", at("nowhere/file"))
    assert done.returncode == 1 and "nowhere/file" in done.stderr, done.stderr


def refuses_wrong_usage():
    expect_refusal(run("accel-train"), 2, "expected a task")
    expect_refusal(run("accel-train", "mnist"), 2, "'mnist'", "fashion-mnist")
    expect_refusal(train("--steps", "0"), 2, "--steps", "'0'")
    expect_refusal(train("--steps", "1", "--epochs", "1"), 2, "--steps and --epochs")
    expect_refusal(train("--eval", "x", "--out", "y"), 2, "--eval")
    expect_refusal(train("--save-every", "2"), 2, "--out")
    expect_refusal(train("--batch", "101"), 1, "at most 100", "101")


if __name__ == "__main__":
    sys.exit(main([it_learns, the_checkpoint_is_safetensors, resuming_gives_the_same_bits,
                   killing_loses_nothing, interrupting_saves, cores_do_not_matter, refuses_broken_data,
                   refuses_broken_checkpoints, refuses_wrong_usage]))

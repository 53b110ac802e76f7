#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: "$(mk/venv.sh)" tests/peer/llama_1b.py TYPE

Prints the path of a model of the llama architecture with 1.1 billion random weights of this type
(Q8_0, Q4_0, ...), in the shape of well-known small models, which it makes in the cache where it is not
there: what speed is measured on needs no trained weights. Beside the file lies its key; when the
generator changes, the file is made anew.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "emu", "random_model"))
sys.dont_write_bytecode = True
import gguf  # noqa: E402
import numpy as np  # noqa: E402
import model  # noqa: E402

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "axon")
SHAPE = model.Shape(width=2048, feed_forward=5632, heads=32, vocabulary=32000, rope_base=1e4, tied=False,
                    layers=22, kv_heads=4, head_dim=64, context=2048)
SEED = 1
SLACK = 64 << 20


def die(message):
    sys.exit(f"llama_1b.py: {message}")


def generator_key(qtype):
    """What the file's content depends on."""
    key = hashlib.sha256(f"{qtype.name} {SHAPE} {SEED}".encode())
    with open(model.__file__, "rb") as source:
        key.update(source.read())
    return key.hexdigest()


def is_made(path, key):
    try:
        with open(path + ".key", encoding="ascii") as file:
            return os.path.exists(path) and file.read().strip() == key
    except FileNotFoundError:
        return False


def make(path, qtype, key):
    """Both files appear whole: the key goes first and comes last."""
    block, size = gguf.GGML_QUANT_SIZES[qtype]
    shapes = list(model.tensor_shapes(SHAPE))
    need = sum(rows * cols // block * size for _, rows, cols, _ in shapes) + SLACK
    free = shutil.disk_usage(os.path.dirname(path)).free
    if free < need:
        die(f"the model needs {need >> 20} MiB free in {os.path.dirname(path)}, found {free >> 20} MiB: "
            "free some space or set XDG_CACHE_HOME to a larger disk")
    print(f"==> making a random model of llama's shape, {qtype.name}, {need - SLACK >> 20} MiB, in {path}",
          file=sys.stderr, flush=True)
    names = [name for name, *_ in shapes]

    def progress(name):
        quarter, rest = divmod(4 * names.index(name), len(names))
        if quarter and rest < 4:
            print(f"    {25 * quarter} %", file=sys.stderr, flush=True)

    partial = path + ".part"
    try:
        model.write_model(partial, np.random.default_rng(SEED), SHAPE, qtype, progress)
        if os.path.exists(path + ".key"):
            os.remove(path + ".key")
        os.replace(partial, path)
        with open(partial, "w", encoding="ascii") as file:
            file.write(key + "\n")
        os.replace(partial, path + ".key")
    except OSError as error:
        die(f"cannot write {partial}: {error.strerror}")
    finally:
        if os.path.exists(partial):
            os.remove(partial)


def main():
    names = [qtype.name for qtype in model.TYPES if qtype not in model.K_QUANTS]
    if len(sys.argv) != 2 or sys.argv[1] not in names:
        sys.exit(f"{__doc__.splitlines()[0]}\nexpected a type of {', '.join(names)}, "
                 f"found {' '.join(sys.argv[1:]) or 'none'}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # removes what is not whole
    qtype = model.Type[sys.argv[1]]
    key = generator_key(qtype)
    path = os.path.join(CACHE, "models", f"llama-1.1b-{qtype.name}.gguf")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(os.path.join(CACHE, "models.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_made(path, key):
            make(path, qtype, key)
    print(path)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: check.py FOLDER      test (test_random_model.sh runs it, with the gguf package at hand, and with
                             the folder of dump and batch)
          check.py --bounds N  print BOUNDS anew, from llama.cpp's errors on N seeds

Models of random shape and weights, of each quantisation type, with tied and untied embeddings: the
logits' RMS error against an fp32 reference on the dequantised weights is at most RATIO times
llama.cpp's own on the same model and text. Errors are relative to the RMS of the logits. One model of
some types then runs sequences alone and together, which must be the same to the bit (batch.c).

AXON_SEED repeats a run. mk/peer.sh provides llama.cpp; where it cannot, the errors in BOUNDS, the
largest that llama.cpp made in the models of a number of seeds, stand in for it.
"""

import os
import secrets
import subprocess
import sys
import tempfile

import gguf
import numpy as np

import model
import reference

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
PEER = os.path.join(ROOT, "mk", "peer.sh")
RATIO = 1.5
TOGETHER = ("F32", "BF16", "Q4_0", "Q6_K")  # each rule of the matrix engine, and block formats of both kinds
TOKENS = 128
# llama-results of llama.cpp 0.7.0, --bounds 6
BOUNDS = {"F32": 8.9e-04, "F16": 1.6e-03, "BF16": 1.0e-02, "Q8_0": 3.5e-02, "Q4_0": 3.5e-02, "Q4_1": 3.8e-02,
          "Q5_0": 3.9e-02, "Q5_1": 3.6e-02, "Q4_K": 2.0e-02, "Q5_K": 2.0e-02, "Q6_K": 5.1e-02}


class Case:
    """One model, its text and the logits to expect after each token of it but the last."""

    def __init__(self, seed, qtype, tied, folder):
        self.rng = np.random.default_rng([seed, qtype, tied])
        self.qtype = qtype
        self.folder = folder
        self.path = os.path.join(folder, "model.gguf")
        self.shape = model.random_shape(self.rng, qtype, tied)
        model.write_model(self.path, self.rng, self.shape, qtype)
        self.tokens, self.text = model.random_text(self.rng, self.shape, TOKENS)
        self.expected = reference.logits(self.shape, model.read_weights(self.path), self.tokens)[:-1]

    def error(self, logits):
        """Relative; also NaN where a logit is."""
        difference = (logits.reshape(self.expected.shape) - self.expected).astype(np.float64)
        return float(np.sqrt(np.mean(difference ** 2) / np.mean(np.square(self.expected, dtype=np.float64))))

    def file(self, name):
        return os.path.join(self.folder, name)

    def peer_error(self):
        """Of llama.cpp, whose llama-results writes tokens and logits as a GGUF file. (It runs out of
        memory where the number of tokens is no multiple of 4.)"""
        with open(self.file("prompt.txt"), "w", encoding="utf-8") as file:
            file.write(self.text)
        subprocess.run([PEER, "llama-results", "-m", self.path, "-f", self.file("prompt.txt"), "-c", "512",
                        "-t", "2", "-o", self.file("results.gguf")],
                       cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        results = {t.name: t.data for t in gguf.GGUFReader(self.file("results.gguf")).tensors}
        if not np.array_equal(results["tokens"], self.tokens):
            sys.exit(f"expected llama.cpp to see the tokens {self.tokens}, found {results['tokens']}")
        return self.error(results["logits"].reshape(TOKENS, -1)[:-1])

    def axon_error(self, dump, batch):
        self.tokens.tofile(self.file("tokens"))
        done = subprocess.run([dump, self.path, self.file("tokens"), str(batch)], check=True,
                              stdout=subprocess.PIPE)
        return self.error(np.frombuffer(done.stdout, np.float32))

    def same_together(self, batch):
        """Once axon_error() has written the tokens."""
        return subprocess.run([batch, self.path, self.file("tokens")], check=False).returncode == 0


def cases(seed):
    with tempfile.TemporaryDirectory(prefix="axon-random-") as folder:
        for qtype in model.TYPES:
            for tied in (True, False):
                yield Case(seed, qtype, tied, folder)


def check(case, folder, with_peer):
    """True where the error is small enough."""
    batch = int(case.rng.choice((7, 32, 512)))
    error = case.axon_error(os.path.join(folder, "dump"), batch)
    peer = case.peer_error() if with_peer else BOUNDS[case.qtype.name]
    good = error <= RATIO * peer
    print(f"{'ok' if good else 'FAIL':5}{case.qtype.name:5} error {error:.3e}, {error / peer:.2f} times "
          f"{'llama.cpp' if with_peer else 'the bound'}; batch {batch}, {case.shape}", flush=True)
    if case.shape.tied and case.qtype.name in TOGETHER:
        good = case.same_together(os.path.join(folder, "batch")) and good
    return good


def have_peer():
    return subprocess.run([PEER, "--version"], cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode == 0


def test(folder):
    seed = int(os.environ.get("AXON_SEED") or secrets.randbits(32))
    with_peer = have_peer()
    print(f"AXON_SEED={seed}" + ("" if with_peer else "; no llama.cpp, so its largest errors are the bounds"))
    results = [check(case, folder, with_peer) for case in cases(seed)]
    print(f"[  PASSED  ] {results.count(True)} test(s).\n[  FAILED  ] {results.count(False)} test(s).")
    return 0 if all(results) else 1


def print_bounds(seeds):
    worst = dict.fromkeys((qtype.name for qtype in model.TYPES), 0.0)
    for seed in range(seeds):
        for case in cases(seed):
            worst[case.qtype.name] = max(worst[case.qtype.name], case.peer_error())
    print("{" + ", ".join(f'"{name}": {error:.1e}' for name, error in worst.items()) + "}")
    return 0


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--bounds":
        sys.exit(print_bounds(int(sys.argv[2])))
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(test(sys.argv[1]))


if __name__ == "__main__":
    main()

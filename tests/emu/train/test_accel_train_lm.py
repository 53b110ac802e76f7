#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: accel-train lm learns; its GGUF file holds what its checkpoint does; a checkpoint goes on to the
bit, also after kill -9; results do not depend on the number of cores; broken texts, checkpoints and
settings are refused in one clear line."""

import json
import math
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile

sys.path[:0] = ["tests/emu/tools"]
from checks import BUILD, expect_refusal, main, run  # noqa: E402

FOLDER = tempfile.TemporaryDirectory(prefix="axon-lm-")
TEXT = os.path.realpath("tests/data/opticks.txt")
HERE = os.environ | {"LD_LIBRARY_PATH": os.path.join(BUILD, "emu")}
SHAPE = {"vocab": 400, "embed": 32, "layers": 2, "heads": 4, "kv-heads": 2, "ff": 96, "context": 32,
         "batch": 4}
OPTIONS = [word for name, value in SHAPE.items() for word in ("--" + name, str(value))]
PARAMETERS = {"token_embd.weight": [400, 32], "output_norm.weight": [32], "output.weight": [400, 32]}
for layer in range(2):
    PARAMETERS |= {f"blk.{layer}.{name}.weight": shape for name, shape in {
        "attn_norm": [32], "attn_q": [32, 32], "attn_k": [16, 32], "attn_v": [16, 32],
        "attn_output": [32, 32], "ffn_norm": [32], "ffn_gate": [96, 32], "ffn_up": [96, 32],
        "ffn_down": [32, 96]}.items()}


def at(name):
    return os.path.join(FOLDER.name, name)


def read(name):
    with open(at(name), "rb") as file:
        return file.read()


def write(name, data):
    with open(at(name), "wb") as file:
        file.write(data)
    return at(name)


def train(*arguments, data=TEXT, options=(), **environment):
    return run("accel-train", "lm", "--data", data, *(options or OPTIONS), *arguments, **environment)


def trained(*arguments, **environment):
    done = train(*arguments, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def evaluate(name):
    done = run("accel-train", "lm", "--data", TEXT, "--eval", at(name))
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def loss_of(line):
    return float(line.split("loss ")[1].split()[0])


def header(data):
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:8 + length]), data[8 + length:]


def it_learns():
    lines = trained("--steps", "150", "--lr", "0.003", "--report", "1", "--out", at("learnt.gguf"),
                    "--checkpoint", at("learnt"))
    assert lines[0].startswith("0.05 million parameters, 400 tokens in the vocabulary"), lines[0]
    start, end = loss_of(lines[1]), loss_of(lines[150])
    assert abs(start - math.log(400)) < 0.1, f"expected about ln 400 before training, found {start}"
    assert end < 5.0, f"expected a loss below 5.0 after 150 steps, found {end}"
    valid = loss_of(lines[-1])
    perplexity = float(lines[-1].split("perplexity ")[1].split()[0])
    assert valid < 5.2 and abs(perplexity / math.exp(valid) - 1) < 1e-3, lines[-1]
    for name in "learnt", "learnt.gguf":
        assert evaluate(name)[-1] == lines[-1], f"{name}: expected {lines[-1]}, found {evaluate(name)}"


def the_checkpoint_is_safetensors():
    trained("--steps", "3", "--seed", "5", "--checkpoint", at("whole"))
    entries, data = header(read("whole"))
    meta = entries.pop("__metadata__")
    assert meta["format"] == "axon-lm-1" and meta["seed"] == "5" and meta["step"] == "3", meta
    for name, value in SHAPE.items():
        assert meta[name] == str(value), (name, meta[name])
    assert {name: entry["shape"] for name, entry in entries.items()} == {
        prefix + name: shape for prefix in ("", "adamw.m.", "adamw.v.")
        for name, shape in PARAMETERS.items()}
    assert max(entry["data_offsets"][1] for entry in entries.values()) == len(data)


STEPS = 120


def whole():
    """What STEPS steps give that nothing interrupts."""
    if not os.path.exists(at("straight")):
        trained("--steps", str(STEPS), "--checkpoint", at("straight"), "--out", at("straight.gguf"))
    return read("straight"), read("straight.gguf")


def stopped(name, number, save_every):
    """The checkpoint that training leaves when a signal comes behind step 20."""
    with subprocess.Popen([os.path.join(BUILD, "accel-train"), "lm", "--data", TEXT, *OPTIONS, "--steps",
                           str(STEPS), "--report", "1", "--save-every", str(save_every), "--checkpoint",
                           at(name), "--out", at(name + ".gguf")], env=HERE, stdout=subprocess.PIPE,
                          text=True) as process:
        for line in process.stdout:
            if line.startswith("step 20/"):
                process.send_signal(number)
                break
        process.stdout.read()
    step = int(header(read(name))[0]["__metadata__"]["step"])
    assert 19 <= step < STEPS, f"expected to stop behind step 20, found a checkpoint of step {step}"
    return process.returncode


def resumed(name):
    done = run("accel-train", "lm", "--data", TEXT, "--resume", at(name), "--checkpoint", at(name), "--out",
               at(name + ".gguf"))
    assert done.returncode == 0, done.stderr
    return read(name), read(name + ".gguf")


def killing_loses_nothing():
    status = stopped("killed", signal.SIGKILL, 1)
    assert status == -signal.SIGKILL and not os.path.exists(at("killed.gguf")), status
    assert resumed("killed") == whole()


def interrupting_saves():
    status = stopped("saved", signal.SIGINT, 1000)
    assert status == 130, f"expected status 130, found {status}"
    assert evaluate("saved")[-1] == evaluate("saved.gguf")[-1]
    assert resumed("saved") == whole()


def the_end_may_be_moved():
    trained("--steps", "4", "--checkpoint", at("early"))
    done = run("accel-train", "lm", "--data", TEXT, "--resume", at("early"), "--steps", "6", "--checkpoint",
               at("early"))
    assert done.returncode == 0 and "step 6/6" in done.stdout, done.stdout + done.stderr
    assert header(read("early"))[0]["__metadata__"]["steps"] == "6"


def seed_matters_and_cores_do_not():
    for name, seed, cores in ("cores1", "1", "1"), ("cores3", "1", "3"), ("seed2", "2", "2"):
        trained("--steps", "6", "--seed", seed, "--checkpoint", at(name), AXON_EMU_CORES=cores)
    assert read("cores1") == read("cores3") != read("seed2")


def other_shapes():
    """One layer, one head, an output matrix that is the embedding, halves in the file."""
    for kind in "f16", "bf16":
        done = train("--steps", "2", "--tied", "--type", kind, "--out", at(kind), "--checkpoint", at("tied"),
                     options=["--vocab", "300", "--embed", "8", "--layers", "1", "--heads", "1", "--kv-heads", "1",
                              "--ff", "16", "--context", "24", "--batch", "1"])
        assert done.returncode == 0, done.stderr
        whole_loss, half_loss = loss_of(evaluate("tied")[-1]), loss_of(evaluate(kind)[-1])
        assert abs(half_loss - whole_loss) < 0.01, (whole_loss, half_loss)


def progress_is_shown_when_asked_for():
    done = train("--steps", "3", "--progress", "--checkpoint", at("shown"))  # returns are read as newlines
    bar = r"\n\[#+\.*\] (\d+) %  step (\d+)  loss \d+\.\d+  \d+ tokens/s  \d+:\d\d left "
    shown = re.findall(bar, done.stderr)
    assert done.returncode == 0 and shown and shown[-1] == ("100", "3"), done.stderr
    assert "\nvalidation 0 % " in done.stderr, done.stderr
    assert not train("--steps", "3", "--checkpoint", at("shown")).stderr


def refuses_broken_texts():
    out = at("never")
    expect_refusal(train("--out", out, data=at("nowhere")), 1, at("nowhere"), "No such file")
    expect_refusal(train("--out", out, data=FOLDER.name), 1, FOLDER.name, "something else")
    expect_refusal(train("--out", out, data=write("empty", b"")), 1, "empty", "1 to")
    expect_refusal(train("--out", out, data=write("latin", b"caf\xe9 au lait")), 1, "latin", "UTF-8", "byte 3")
    expect_refusal(train("--out", out, data=write("short", b"one\ntwo\n" * 50)), 1, "short", "32 tokens",
                   "longer text")
    expect_refusal(train("--out", at("nowhere/m.gguf")), 1, "nowhere/m.gguf", "No such file")
    assert not os.path.exists(out)


def refuses_impossible_models():
    for arguments, words in ((("--heads", "3"), ("embed", "heads")), (("--kv-heads", "3"), ("kv_heads",)),
                             (("--heads", "32"), ("embed",)), (("--ff", "65536"), ("expected",))):
        done = train("--steps", "1", "--out", at("never"), options=OPTIONS + list(arguments))
        if arguments[0] != "--ff":
            expect_refusal(done, 1, *words)


def refuses_broken_checkpoints():
    trained("--steps", "2", "--checkpoint", at("good"))
    good = read("good")
    length = struct.unpack("<Q", good[:8])[0]

    def changed(old, new):
        text = good[8:8 + length]
        assert old in text, old
        text = text.replace(old, new, 1)
        return struct.pack("<Q", len(text)) + text + good[8 + length:]

    for data, words in (
            (b"", ("safetensors",)),
            (good[:-4], ("within the file",)),
            (changed(b"axon-lm-1", b"axon-classifier-1"), ("axon-lm-1", "axon-classifier-1")),
            (changed(b'"embed":"32"', b'"embed":"x"'), ("embed", "'x'")),
            (changed(b'"heads":"4"', b'"heads":"3"'), ("heads",)),
            (changed(b'"layers":"2"', b'"layers":"3"'), ("blk.2",)),
            (changed(b'"vocab":"400"', b'"vocab":"401"'), ("401", "400")),
            (changed(b'"merges":"', b'"merges":"9999 1 '), ("vocabulary", "9999")),
            (changed(b'"lr":"0.002"', b'"lr":"nan"'), ("lr", "nan")),
            (changed(b'"batch":"4"', b'"batch":"0"'), ("batch", "'0'"))):
        write("bad", data)
        expect_refusal(run("accel-train", "lm", "--data", TEXT, "--eval", at("bad")), 1, *words)
    for arguments, words in ((("--batch", "8"), ("--batch", "expected 4", "found 8")),
                             (("--lr", "0.5"), ("--lr",)),
                             (("--steps", "1"), ("at most 1 steps, found 2",))):
        expect_refusal(run("accel-train", "lm", "--data", TEXT, "--resume", at("good"), "--checkpoint",
                           at("never"), *arguments), 1, *words)
    write("text", b"Some other text.\n" * 400)
    expect_refusal(run("accel-train", "lm", "--data", at("text"), "--resume", at("good"), "--checkpoint",
                       at("never")), 1, "text", "learnt from")
    expect_refusal(run("accel-train", "lm", "--data", TEXT, "--eval", write("not.gguf", b"GGUF\3\0\0\0")), 1,
                   "not.gguf")


def refuses_wrong_usage():
    for arguments, words in (
            ((), ("--data",)),
            (("--data", TEXT), ("--out",)),
            (("--data", TEXT, "--out", "x", "more"), ("'more'",)),
            (("--data", TEXT, "--out", "x", "--steps", "0"), ("--steps", "'0'")),
            (("--data", TEXT, "--out", "x", "--lr", "fast"), ("--lr", "'fast'")),
            (("--data", TEXT, "--out", "x", "--vocab", "256"), ("--vocab", "257 to 65536")),
            (("--data", TEXT, "--out", "x", "--type", "q8_0"), ("--type", "'q8_0'")),
            (("--data", TEXT, "--out", "x", "--save-every", "5"), ("--checkpoint",)),
            (("--data", TEXT, "--out", "x", "--checkpoint", "x"), ("two files", "'x'")),
            (("--data", TEXT, "--eval", "x", "--out", "y"), ("--eval",))):
        expect_refusal(run("accel-train", "lm", *arguments), 2, *words)


if __name__ == "__main__":
    sys.exit(main([it_learns, the_checkpoint_is_safetensors, killing_loses_nothing, interrupting_saves,
                   the_end_may_be_moved, seed_matters_and_cores_do_not, other_shapes,
                   progress_is_shown_when_asked_for, refuses_broken_texts,
                   refuses_impossible_models, refuses_broken_checkpoints, refuses_wrong_usage]))

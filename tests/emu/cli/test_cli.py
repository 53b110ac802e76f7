#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: accel-run answers bad input with one clear line (expected, found, what to do) and a
failure, and ends in order when it is interrupted. Sanitised, this also shows that nothing leaks."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path[:0] = ["tests/emu/tools", "tests/emu/cli"]
from checks import BUILD, main, run  # noqa: E402
from gguf_file import BOOL, STRING, U32, VOCABULARY, WIDTH, Model  # noqa: E402

FOLDER = tempfile.TemporaryDirectory(prefix="axon-cli-")
PATH = os.path.join(FOLDER.name, "model.gguf")
ASK = ("-p", "Hello", "-n", "4")


def write(data):
    with open(PATH, "wb") as file:
        file.write(data)


def refused(*words, arguments=ASK, status=1, model=PATH, echo="", **environment):
    """One line with all of the words in this order, that names the program; no text but the prompt's."""
    done = run("accel-run", "-m", model, *arguments, **environment)
    said = done.stderr.splitlines()
    assert done.returncode == status, f"expected status {status}, found {done.returncode}: {said}"
    assert done.stdout in ("", echo), f"expected no output, found {done.stdout!r}"
    if status == 2:  # usage: the hint to --help follows
        said = [line for line in said if not line.startswith("Try ")]
    assert len(said) == 1 and said[0].startswith("accel-run: "), f"expected one line, found {said}"
    rest = said[0]
    for word in words:
        assert word in rest, f"expected {word!r} in {rest!r}"
        rest = rest[rest.index(word) + len(word):]


def a_good_model_runs():
    write(Model().bytes())
    start = time.monotonic()
    done = run("accel-run", "-m", PATH, *ASK, "--ignore-eos")
    took = 1000 * (time.monotonic() - start)
    assert done.returncode == 0 and done.stdout.startswith("Hello"), done.stderr
    line = re.search(r"prefill [\d.]+ tok/s, decode [\d.]+ tok/s, first token after (\d+) ms\n", done.stderr)
    assert line, done.stderr
    # The kernel says when a process began to 10 ms.
    assert 0 < int(line[1]) <= took + 10, f"found {line[1]} ms of the {took:.0f} ms that it ran"


def prompts_together_are_as_alone():
    """The file's order, the same texts at once as one by one, and as -p gives them."""
    write(Model().bytes())
    lines = ["Hello", "a", "", "Hello a Hello a", "aaa", "Hello"]
    path = os.path.join(FOLDER.name, "prompts.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    expected = ""
    for line in filter(None, lines):
        expected += run("accel-run", "-m", PATH, "-p", line, "-n", "4").stdout + "\n"
    for parallel in ("1", "2", "8"):
        done = run("accel-run", "-m", PATH, "--prompts", path, "--parallel", parallel, "-n", "4")
        assert done.returncode == 0, done.stderr
        assert done.stdout == expected, f"{parallel} at once: expected {expected!r}, found {done.stdout!r}"
        assert re.search(r"^5 prompts, up to \d at once: .* tok/s made, .* tok/s in all$", done.stderr, re.M), done.stderr


def prompts_that_are_none():
    write(Model().bytes())
    path = os.path.join(FOLDER.name, "prompts.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n\n")
    refused(path, "expected prompts", "found none", arguments=("--prompts", path))
    refused("/none.txt", "No such file", arguments=("--prompts", os.path.join(FOLDER.name, "none.txt")))
    refused("--prompts", "found -p", arguments=(*ASK, "--prompts", path), status=2)
    with open(path, "w", encoding="utf-8") as file:
        file.write("a\n" + 40 * "a" + "\n")
    refused("prompt 2: expected at most 16 tokens, found 42", "-c", arguments=("--prompts", path, "-c", "16"))


def a_token_is_traced():
    """Every layer is named, and every kernel of a step with its modelled cycles."""
    write(Model().bytes())
    done = run("accel-run", "-m", PATH, *ASK, "--trace")
    assert done.returncode == 0, done.stderr
    for line in ("libaccel ", "user queue ", "chip ", "return ", "application "):
        assert line in done.stdout, f"expected {line!r} in {done.stdout!r}"
    assert "ioctl" not in done.stdout, done.stdout
    for kernel in ("embed", "norm", "matmul", "rope", "attention", "gated", "sample", "advance"):
        row = [line.split() for line in done.stdout.splitlines() if line.split()[:1] == [kernel]]
        assert len(row) == 1 and int(row[0][3]) > 0, f"{kernel}: {done.stdout}"


def no_file():
    refused("/none.gguf", "No such file", model=os.path.join(FOLDER.name, "none.gguf"))


def a_folder():
    refused(FOLDER.name, model=FOLDER.name)


def an_empty_file():
    write(b"")
    refused(PATH, "truncated", "needs 24 bytes", "ends at byte 0", "get it again")


def wrong_magic():
    model = Model()
    model.magic = b"GGML"
    write(model.bytes())
    refused(PATH, "not a GGUF file", "47 47 4d 4c", "expected", "give a .gguf model")


def truncated_anywhere():
    data = Model().bytes()
    for size in (1, 3, 10, 23, 24, 60, 500, 4000, len(data) // 2, len(data) - 1):
        write(data[:size])
        refused(PATH, "truncated", "get it again")


def a_tensor_past_the_end():
    model = Model()
    model.offsets["blk.0.ffn_down.weight"] = 1 << 30
    write(model.bytes())
    refused("blk.0.ffn_down.weight", "needs 4096 bytes at offset 1073741824", "the file has only",
            "get it again")


def sizes_that_overflow():
    for shape in ((1 << 32, 1 << 32), (WIDTH, 1 << 61), (1 << 63, 2), ((1 << 64) - 32, 1)):
        model = Model()
        model.claims["token_embd.weight"] = shape
        write(model.bytes())
        refused("token_embd.weight", "damaged")


def an_offset_that_overflows():
    model = Model()
    model.offsets["output_norm.weight"] = (1 << 64) - 32
    write(model.bytes())
    refused("output_norm.weight", "at offset 18446744073709551584", "the file has only", "get it again")


def an_unknown_architecture():
    model = Model()
    model.keys["general.architecture"] = (STRING, "mamba")
    write(model.bytes())
    refused("expected one of", "gemma3", "llama", "found 'mamba'")


def an_unknown_type():
    model = Model()
    model.types["blk.0.attn_q.weight"] = 99
    write(model.bytes())
    refused("blk.0.attn_q.weight", "type", "99", "supported are", "Q4_K", "requantise")


def a_missing_tensor():
    model = Model()
    del model.tensors["blk.0.attn_k.weight"]
    write(model.bytes())
    refused("blk.0.attn_k.weight")


def a_missing_key():
    model = Model()
    del model.keys["llama.block_count"]
    write(model.bytes())
    refused("llama.block_count")


def settings_that_cannot_be():
    for key, value in (("head_count", 0), ("head_count", 5), ("key_length", 1 << 31)):
        model = Model()
        model.keys[f"llama.attention.{key}"] = (U32, value)
        write(model.bytes())
        refused("expected", "found")


def larger_than_device_memory():
    model = Model()
    model.keys["llama.context_length"] = (U32, 1 << 20)
    write(model.bytes())
    refused("device memory: needed", "available", "--vram",
            arguments=(*ASK, "-c", "500000"), AXON_EMU_VRAM="16M")


def no_power_of_two():
    write(Model().bytes())
    refused("opening the accelerator", AXON_EMU_VRAM="48M")


def an_empty_prompt():
    write(Model().bytes())
    refused("prompt: expected", "found none", arguments=("-p", ""), status=2)
    empty = os.path.join(FOLDER.name, "empty.txt")
    with open(empty, "wb"):
        pass
    refused("prompt: expected", "found an empty one", arguments=("-f", empty))


def a_prompt_longer_than_the_context():
    write(Model().bytes())
    refused("prompt: expected at most 16 tokens, found 42", "-c",
            arguments=("-p", 40 * "a", "-c", "16"), echo=40 * "a")


def a_context_longer_than_the_model():
    write(Model().bytes())
    refused("context: expected at most", "16384", "found 20000", "-c", arguments=(*ASK, "-c", "20000"))


def an_unknown_chat_template():
    model = Model()
    write(model.bytes())
    refused("'nonsense' is not known", "give one of", "gemma", arguments=(*ASK, "--chat", "--chat-template", "nonsense"))
    model.keys["tokenizer.chat_template"] = (STRING, "{{ unheard of }}")
    write(model.bytes())
    refused("template", "gemma", arguments=(*ASK, "--chat"))


def a_base_model_cannot_chat():
    write(Model().bytes())
    refused("no chat template", "base model", "without chat", "gemma", arguments=(*ASK, "--chat"))


def a_key_of_another_type():
    model = Model()
    model.keys["llama.context_length"] = (BOOL, True)
    write(model.bytes())
    refused("llama.context_length", "expected")


def a_vocabulary_that_does_not_match():
    model = Model()
    model.tensors["token_embd.weight"] = (WIDTH, VOCABULARY - 250)
    write(model.bytes())
    refused("expected 0 to 9, found", "do not match", echo="Hello")


def interrupted(number):
    write(Model().bytes())
    before = set(os.listdir("/dev/shm"))
    process = subprocess.Popen(
        [os.path.join(BUILD, "accel-run"), "-m", PATH, "-p", "Hello", "-n", "-1", "--ignore-eos", "-c", "16384"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        env=dict(os.environ, LD_LIBRARY_PATH=os.path.join(BUILD, "emu")))
    process.stdout.read(16)  # the prompt, and some of what follows
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, f"expected status 130, found {process.returncode}: {said}"
    assert b"ERROR" not in said, said
    try:
        os.killpg(process.pid, 0)
        raise AssertionError("expected no process to be left, found one")
    except ProcessLookupError:
        pass
    assert set(os.listdir("/dev/shm")) <= before, os.listdir("/dev/shm")


def interrupted_by_ctrl_c():
    interrupted(signal.SIGINT)


def interrupted_by_term():
    interrupted(signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main([
        a_good_model_runs, prompts_together_are_as_alone, prompts_that_are_none, a_token_is_traced, no_file, a_folder, an_empty_file, wrong_magic, truncated_anywhere,
        a_tensor_past_the_end, sizes_that_overflow, an_offset_that_overflows, an_unknown_architecture,
        an_unknown_type, a_missing_tensor, a_missing_key, a_key_of_another_type, settings_that_cannot_be,
        a_vocabulary_that_does_not_match, larger_than_device_memory, no_power_of_two, an_empty_prompt,
        a_prompt_longer_than_the_context, a_context_longer_than_the_model, an_unknown_chat_template,
        a_base_model_cannot_chat, interrupted_by_ctrl_c, interrupted_by_term]))

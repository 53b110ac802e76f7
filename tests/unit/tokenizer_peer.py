#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare Axon's tokenizers with llama.cpp's on random text in many scripts.

  tokenizer_peer.py --encode build/tests/unit/encode_file --peer "llama-tokenize" [--model FILE]

Without --model, vocabularies are made here: a SentencePiece-style one, and a byte-level BPE one
under each pre-tokenizer's name. Needs llama.cpp's llama-tokenize and the PyPI package gguf. The
seed is printed; --seed repeats a run.
"""
import argparse
import collections
import json
import os
import random
import shlex
import subprocess
import sys
import tempfile

PRETOKENIZERS = (
    "gpt-2 phi-2 mpt olmo smollm starcoder refact command-r llama-bpe llama3 llama-v3 dbrx "
    "smaug-bpe qwen2 deepseek-r1-qwen megrez stablelm2 tekken"
).split()

SPECIALS = ["<s>", "</s>", "<unk>", "<|im_start|>", "<|im_end|>", "<start_of_turn>", "[INST]"]
USER_DEFINED = ["\n\n", "\n\n\n", "<b>", "</b>", "\t\t", "=>", "==>"]

FRAGMENTS = [
    "The quick brown fox jumps over the lazy dog", "don't", "I'LL we'Ve it'S 'tis o'clock",
    " ", "  ", "     ", "\t", "\n", "\n\n\n", "\r\n", " \n ", "\u00a0", "\u3000\u2003", "\x0b\x0c",
    "0", "12", "1234567", "3.14159", "\u0663\u0664", "\u00bd\u2167", "1st 2nd",
    "!", "...", "?!--", "{}[]()<>;:", "$100 #tag @user", "a/b\\c", "://", "=>", "==>",
    "na\u00efve caf\u00e9 \u00dcber", "cafe\u0301", "\u0130stanbul \u00df", "Привет, мир!",
    "\u4f60\u597d\u4e16\u754c", "\u3053\u3093\u306b\u3061\u306f", "\ud55c\uad6d\uc5b4",
    "\u0645\u0631\u062d\u0628\u0627", "\u0928\u092e\u0938\u094d\u0924\u0947", "\u0e2a\u0e27\u0e31",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u2028\u0085", "\u200b\ufeff",
    "camelCaseHTTPServer", "snake_case_name", "for (int i = 0; i < n; i++)\n\t{\n\t\treturn x;\n\t}",
    "\u2581", "\u2581\u2581", "<0x41>", "\x00", "\x01\x7f", "\ufffd", "\u180e",
] + SPECIALS + USER_DEFINED

BROKEN = [b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\x80\x80"]


def random_text(rng, pieces, broken):
    out = b""
    for _ in range(pieces):
        if broken and rng.random() < 0.05:
            out += rng.choice(BROKEN)
        elif rng.random() < 0.05:
            code = rng.choice([rng.randrange(0x20, 0x3000), rng.randrange(0x20, 0xD800)])
            out += chr(code).encode()
        else:
            out += rng.choice(FRAGMENTS).encode()
        if rng.random() < 0.4:
            out += b" "
    return out


def byte_alphabet():
    """GPT-2's spelling of bytes as printable characters."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    alphabet, extra = {}, 0
    for byte in range(256):
        if byte in keep:
            alphabet[byte] = chr(byte)
        else:
            alphabet[byte] = chr(256 + extra)
            extra += 1
    return alphabet


def train(words, n_merges):
    """The merges of byte-pair encoding, most frequent pair first."""
    merges = []
    words = {tuple(w): c for w, c in collections.Counter(words).items()}
    for _ in range(n_merges):
        pairs = collections.Counter()
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        if not pairs:
            break
        best = max(pairs, key=lambda p: (pairs[p], p))
        merges.append(best)
        joined = {}
        for word, count in words.items():
            out, i = [], 0
            while i < len(word):
                if word[i:i + 2] == best:
                    out.append(word[i] + word[i + 1])
                    i += 2
                else:
                    out.append(word[i])
                    i += 1
            joined[tuple(out)] = joined.get(tuple(out), 0) + count
        words = joined
    return merges


def corpus(rng):
    text = b"".join(random_text(rng, 40, False) + b"\n" for _ in range(60)).decode()
    return text.replace("\x00", "")  # llama.cpp reads tokens as C strings


def write_vocab(path, model, tokens, types, scores=None, merges=None, pre=None, flags=()):
    import gguf
    w = gguf.GGUFWriter(path, "llama")
    w.add_tokenizer_model(model)
    if pre:
        w.add_tokenizer_pre(pre)
    w.add_token_list(tokens)
    w.add_token_types(types)
    if scores:
        w.add_token_scores(scores)
    if merges:
        w.add_token_merges(merges)
    w.add_bos_token_id(tokens.index("<s>"))
    w.add_eos_token_id(tokens.index("</s>"))
    w.add_unk_token_id(tokens.index("<unk>"))
    for key, value in flags:
        w.add_bool(key, value)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.close()


def special_tokens():
    return SPECIALS + USER_DEFINED, [2 if t == "<unk>" else 3 for t in SPECIALS] + \
        [4] * len(USER_DEFINED)


def make_bpe(path, rng, pre):
    alphabet = byte_alphabet()
    spelt = ["".join(alphabet[b] for b in w.encode())
             for line in corpus(rng).split("\n") for w in line.replace(" ", "\x00 ").split("\x00")]
    merges = train(spelt, 400)
    tokens, types = special_tokens()
    for text in [*alphabet.values(), *(a + b for a, b in merges)]:
        if text not in tokens:
            tokens.append(text)
            types.append(1)
    # A whole word no merge makes: whether it stays whole is up to the pre-tokenizer's traits.
    tokens.append("\u0120jumps")
    types.append(1)
    tokens = list(dict.fromkeys(tokens))
    write_vocab(path, "gpt2", tokens, types[:len(tokens)], merges=[f"{a} {b}" for a, b in merges],
                pre=pre)


def make_spm(path, rng, prefix):
    text = corpus(rng).replace(" ", "\u2581")
    merges = train(["\u2581" + w for line in text.split("\n") for w in line.split("\u2581")], 400)
    tokens, types = special_tokens()
    tokens += [f"<0x{b:02X}>" for b in range(256)]
    types += [6] * 256
    scores = [0.0] * len(tokens)
    for i, (a, b) in enumerate(merges):
        if a + b not in tokens:
            tokens.append(a + b)
            types.append(1)
            scores.append(-float(i))
    for char in sorted(set(text)):
        if char not in tokens and rng.random() < 0.8:
            tokens.append(char)
            types.append(1)
            scores.append(-1000.0)
    write_vocab(path, "llama", tokens, types, scores=scores,
                flags=[("tokenizer.ggml.add_space_prefix", prefix)])


def run(command):
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in reversed(p.stdout.decode(errors="replace").split("\n")):
        if line.startswith("["):
            return json.loads(line)
    return (p.stderr.decode(errors="replace").strip().split("\n") or [""])[-1]


def compare(args, name, model, text, plain):
    with tempfile.NamedTemporaryFile(dir=args.dir, suffix=".txt") as f:
        f.write(text)
        f.flush()
        theirs = run([*shlex.split(args.peer), "-m", model, "-f", f.name, "--ids", "--no-escape",
                      *(["--no-bos", "--no-parse-special"] if plain else [])])
        ours = run([args.encode, model, f.name, *(["--plain"] if plain else [])])
    if ours == theirs:
        return True
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), None)
    print(f"{name}: differ at token {at}: ours {ours[at or 0:(at or 0) + 12]}, "
          f"llama.cpp's {theirs[at or 0:(at or 0) + 12]}\n  text {text!r}")
    return False


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--encode", required=True)
    p.add_argument("--peer", required=True)
    p.add_argument("--model")
    p.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    p.add_argument("--rounds", type=int, default=2)
    p.add_argument("--pieces", type=int, default=2000)
    args = p.parse_args()
    print(f"seed {args.seed}")
    rng = random.Random(args.seed)
    passed = failed = 0
    with tempfile.TemporaryDirectory(dir="/tmp") as args.dir:
        models = {}
        if args.model:
            models[os.path.basename(args.model)] = args.model
        else:
            for prefix in (False, True):
                name = f"spm{' with prefix' if prefix else ''}"
                models[name] = f"{args.dir}/spm{int(prefix)}.gguf"
                make_spm(models[name], rng, prefix)
            for pre in PRETOKENIZERS:
                models[pre] = f"{args.dir}/{pre}.gguf"
                make_bpe(models[pre], rng, pre)
        for name, model in models.items():
            for i in range(args.rounds):
                text = random_text(rng, args.pieces, i % 2)
                if compare(args, name, model, text, plain=i // 2 % 2):
                    passed += 1
                else:
                    failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: vocabulary_reference.py FILE SIZE

What bpe_dump prints, by the PyPI package tokenizers: tokens, an empty line, merges."""

import json
import sys

from tokenizers import Tokenizer, models, pre_tokenizers, trainers


def learn(path, size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    trainer = trainers.BpeTrainer(
        vocab_size=size, min_frequency=2, special_tokens=["<|endoftext|>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    with open(path, encoding="utf-8", newline="") as file:
        tokenizer.train_from_iterator([file.read()], trainer)
    return json.loads(tokenizer.to_str())["model"]


if __name__ == "__main__":
    model = learn(sys.argv[1], int(sys.argv[2]))
    for token in sorted(model["vocab"], key=model["vocab"].get):
        print(token)
    print()
    for merge in model["merges"]:
        print(*merge)

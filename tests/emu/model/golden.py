#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: golden.py PEER MODEL | reference.py MODEL > tests/data/continuations.txt

Asks llama.cpp's server for the 64 most likely tokens after each prompt of tests/data/prompts.txt.
PEER runs a tool of llama.cpp: `PEER --tool llama-server …`. For each prompt the output has one line of
the prompt's tokens and one of "token:margin" pairs, the margin in logits to the second best.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.realpath(__file__))
PROMPTS = os.path.join(HERE, "..", "..", "data", "prompts.txt")
PORT = 18765
TOKENS = 64


def ask(path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=600) as answer:
        return json.load(answer)


def wait_for_server(server):
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health", timeout=5):
                return
        except OSError:
            if server.poll() is not None:
                sys.exit(f"golden.py: the server ended with {server.returncode}")
            time.sleep(0.5)
    sys.exit("golden.py: the server did not come up in 300 s")


def continuation(prompt):
    tokens = ask("/tokenize", {"content": prompt, "add_special": True})["tokens"]
    answer = ask("/completion", {"prompt": tokens, "n_predict": TOKENS, "temperature": 0, "n_probs": 2,
                                 "ignore_eos": True, "cache_prompt": False, "samplers": ["top_k"], "top_k": 1})
    pairs = []
    for step in answer["completion_probabilities"]:
        best, second = step["top_logprobs"][:2]
        if best["id"] != step["id"]:
            sys.exit("golden.py: the server did not take the most likely token")
        pairs.append(f"{best['id']}:{best['logprob'] - second['logprob']:.4f}")
    return tokens, pairs


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    server = subprocess.Popen([sys.argv[1], "--tool", "llama-server", "-m", sys.argv[2], "--port", str(PORT), "-t", "2",
                               "-c", "512", "--no-webui"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              start_new_session=True)
    try:
        wait_for_server(server)
        print("# The 64 most likely tokens after each prompt of prompts.txt, by llama.cpp; made by golden.py.")
        with open(PROMPTS, encoding="utf-8") as prompts:
            for line in prompts:
                tokens, pairs = continuation(line.rstrip("\n").replace("\\n", "\n"))
                print(*tokens)
                print(*pairs, flush=True)
    finally:
        os.killpg(server.pid, signal.SIGTERM)


if __name__ == "__main__":
    main()

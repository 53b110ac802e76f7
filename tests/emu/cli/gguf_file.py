# SPDX-License-Identifier: MIT
"""A small GGUF file of a random model, byte by byte, so that it can be made wrong in any place."""

import array
import random
import struct

U32, I32, F32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
WIDTH, FEED_FORWARD, HEADS, VOCABULARY = 32, 32, 2, 3 + 256 + 1
ALIGNMENT = 32
MATRICES = {"attn_q": (WIDTH, WIDTH), "attn_k": (WIDTH, WIDTH), "attn_v": (WIDTH, WIDTH),
            "attn_output": (WIDTH, WIDTH), "ffn_gate": (WIDTH, FEED_FORWARD),
            "ffn_up": (WIDTH, FEED_FORWARD), "ffn_down": (FEED_FORWARD, WIDTH)}


def string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def packed(kind, value):
    if kind == STRING:
        return string(value)
    return struct.pack({U32: "<I", I32: "<i", F32: "<f", BOOL: "<?"}[kind], value)


class Model:
    """What the file will say; change it before bytes() is called."""

    def __init__(self):
        self.magic = b"GGUF"
        self.keys = {
            "general.architecture": (STRING, "llama"),
            "llama.context_length": (U32, 16384),
            "llama.embedding_length": (U32, WIDTH),
            "llama.block_count": (U32, 1),
            "llama.feed_forward_length": (U32, FEED_FORWARD),
            "llama.attention.head_count": (U32, HEADS),
            "llama.attention.layer_norm_rms_epsilon": (F32, 1e-5),
            "tokenizer.ggml.model": (STRING, "llama"),
            "tokenizer.ggml.tokens": (STRING, ["<unk>", "<s>", "</s>",
                                               *(f"<0x{i:02X}>" for i in range(256)), "\u2581"]),
            "tokenizer.ggml.scores": (F32, [0.0] * VOCABULARY),
            "tokenizer.ggml.token_type": (I32, [2, 3, 3] + [6] * 256 + [1]),
            "tokenizer.ggml.bos_token_id": (U32, 1),
            "tokenizer.ggml.eos_token_id": (U32, 2),
        }
        self.tensors = {"token_embd.weight": (WIDTH, VOCABULARY), "output_norm.weight": (WIDTH,),
                        "blk.0.attn_norm.weight": (WIDTH,), "blk.0.ffn_norm.weight": (WIDTH,)}
        self.tensors.update((f"blk.0.{name}.weight", ne) for name, ne in MATRICES.items())
        self.types = {}    # by tensor, where not F32
        self.offsets = {}  # by tensor, where not its place
        self.claims = {}   # by tensor, where its shape is to be told wrongly

    def _key(self, name, kind, value):
        if isinstance(value, list):
            return (string(name) + struct.pack("<IIQ", ARRAY, kind, len(value)) +
                    b"".join(packed(kind, each) for each in value))
        return string(name) + struct.pack("<I", kind) + packed(kind, value)

    def bytes(self):
        head = self.magic + struct.pack("<IQQ", 3, len(self.tensors), len(self.keys))
        head += b"".join(self._key(name, *value) for name, value in self.keys.items())
        numbers, data = random.Random(1), b""
        for name, ne in self.tensors.items():
            told = self.claims.get(name, ne)
            head += (string(name) + struct.pack(f"<I{len(told)}Q", len(told), *told) +
                     struct.pack("<IQ", self.types.get(name, 0), self.offsets.get(name, len(data))))
            count = ne[0] * (ne[1] if len(ne) > 1 else 1)
            data += array.array("f", [numbers.gauss(0, 0.3) for _ in range(count)]).tobytes()
            data += bytes(-len(data) % ALIGNMENT)
        return head + bytes(-len(head) % ALIGNMENT) + data

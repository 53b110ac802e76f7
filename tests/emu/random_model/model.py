# SPDX-License-Identifier: MIT
"""Random models of the llama architecture: their shape, their weights, their GGUF file."""

import dataclasses
import sys

import gguf
import numpy as np
from gguf import quants

Type = gguf.GGMLQuantizationType
DENSE = (Type.F32, Type.F16, Type.BF16)
K_QUANTS = (Type.Q4_K, Type.Q5_K, Type.Q6_K)
TYPES = (*DENSE, Type.Q8_0, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, *K_QUANTS)


@dataclasses.dataclass(frozen=True)
class Shape:
    """What the metadata of the file says."""
    width: int
    feed_forward: int
    heads: int
    vocabulary: int
    rope_base: float
    tied: bool
    layers: int = 2
    kv_heads: int = 3
    head_dim: int = 80
    context: int = 512
    eps: float = 1e-5


def random_shape(rng, qtype, tied):
    """Rows must be whole blocks: any length for dense types, a multiple of 32, or of 256."""
    if qtype in DENSE:
        width, feed_forward = (int(8 * rng.integers(24, 64)) for _ in range(2))
        heads = int(rng.choice((3, 6, 9)))
    elif qtype in K_QUANTS:
        width, feed_forward = (int(256 * rng.integers(1, 3)) for _ in range(2))
        heads = 48
    else:
        width, feed_forward = (int(32 * rng.integers(6, 16)) for _ in range(2))
        heads = int(rng.choice((6, 12)))
    return Shape(width, feed_forward, heads, vocabulary=int(2 * rng.integers(150, 400) + 1),
                 rope_base=float(rng.choice((1e4, 5e5))), tied=tied)


def tensor_shapes(shape):
    """(name, rows, columns, standard deviation) of each matrix."""
    q, kv = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    wide, deep = shape.width ** -0.5, shape.feed_forward ** -0.5
    yield "token_embd.weight", shape.vocabulary, shape.width, 2 * wide
    if not shape.tied:
        yield "output.weight", shape.vocabulary, shape.width, 2 * wide
    for i in range(shape.layers):
        yield f"blk.{i}.attn_q.weight", q, shape.width, 1.5 * wide
        yield f"blk.{i}.attn_k.weight", kv, shape.width, 1.5 * wide
        yield f"blk.{i}.attn_v.weight", kv, shape.width, wide
        yield f"blk.{i}.attn_output.weight", shape.width, q, q ** -0.5
        yield f"blk.{i}.ffn_gate.weight", shape.feed_forward, shape.width, wide
        yield f"blk.{i}.ffn_up.weight", shape.feed_forward, shape.width, wide
        yield f"blk.{i}.ffn_down.weight", shape.width, shape.feed_forward, deep


def norm_names(shape):
    yield "output_norm.weight"
    for i in range(shape.layers):
        yield f"blk.{i}.attn_norm.weight"
        yield f"blk.{i}.ffn_norm.weight"


def random_blocks(rng, qtype, rows, cols, deviation):
    """Random bytes are valid K-quant blocks once their fp16 scales are sane. (The gguf package
    does not quantise these types.)"""
    block, size = gguf.GGML_QUANT_SIZES[qtype]
    data = rng.integers(0, 256, (rows * cols // block, size), dtype=np.uint8)
    jitter = rng.uniform(0.8, 1.2, len(data))
    # Where the fp16 numbers lie, and what they are in units of d: the minimum makes the mean zero.
    fields = {Type.Q4_K: {0: 1, 2: 7.5}, Type.Q5_K: {0: 1, 2: 15.5}, Type.Q6_K: {208: 1}}[qtype]

    def set_scale(d):
        for offset, factor in fields.items():
            halves = (d * factor * jitter).astype(np.float16)
            data[:, offset:offset + 2] = halves.view(np.uint8).reshape(-1, 2)
        return data.reshape(rows, -1)

    trial = quants.dequantize(set_scale(2.0 ** -8), qtype)
    return set_scale(2.0 ** -8 * deviation / trial.std())


SLICE = 2048  # rows quantised at a time: what the gguf package keeps of them is many times their size


def random_matrix(rng, qtype, rows, cols, deviation):
    """The bytes in the file."""
    if qtype in K_QUANTS:
        return random_blocks(rng, qtype, rows, cols, deviation)
    values = (deviation * rng.standard_normal((min(SLICE, rows - row), cols)) for row in range(0, rows, SLICE))
    return np.concatenate([quants.quantize(part.astype(np.float32), qtype) for part in values])


FIRST_PIECE = 3 + 256


def vocabulary(n):
    """n tokens with their scores and types: three special ones, the bytes, and pieces "[i]" that
    stand for token i wherever a text has them."""
    kind = gguf.TokenType
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{i:02X}>" for i in range(256)]
    tokens += [f"[{i}]" for i in range(FIRST_PIECE, n)]
    types = [kind.UNKNOWN] + 2 * [kind.CONTROL] + 256 * [kind.BYTE] + (n - FIRST_PIECE) * [kind.USER_DEFINED]
    return tokens, n * [0.0], types


def random_text(rng, shape, n):
    """n random tokens, the first the beginning token, and the text that gives them."""
    pieces = rng.integers(FIRST_PIECE, shape.vocabulary, n - 1)
    return np.array([1, *pieces], np.int32), "".join(f"[{i}]" for i in pieces)


def write_model(path, rng, shape, qtype, progress=lambda name: None):
    """Writes the file; calls progress before each matrix."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_layer_norm_rms_eps(shape.eps)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_vocab_size(shape.vocabulary)
    tokens, scores, types = vocabulary(shape.vocabulary)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_space_prefix(False)

    for name, rows, cols, deviation in tensor_shapes(shape):
        progress(name)
        writer.add_tensor(name, random_matrix(rng, qtype, rows, cols, deviation), raw_dtype=qtype)
    for name in norm_names(shape):
        writer.add_tensor(name, rng.uniform(0.5, 1.5, shape.width).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read_weights(path):
    """The file's matrices and vectors as fp32 arrays by name."""
    return {tensor.name: quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
            for tensor in gguf.GGUFReader(path).tensors}


def main():
    """usage: model.py SEED TYPE FOLDER: a random model and 64 tokens for it"""
    if len(sys.argv) != 4:
        sys.exit(main.__doc__)
    rng, qtype, folder = np.random.default_rng(int(sys.argv[1])), Type[sys.argv[2]], sys.argv[3]
    shape = random_shape(rng, qtype, tied=False)
    write_model(f"{folder}/model.gguf", rng, shape, qtype)
    random_text(rng, shape, 64)[0].tofile(f"{folder}/tokens")


if __name__ == "__main__":
    main()

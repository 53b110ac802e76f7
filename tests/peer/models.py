# SPDX-License-Identifier: MIT
"""What a model costs at least: operations and bytes for each token, by its GGUF file."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Cost:
    """Of the layers' matrices, which every token passes; of the output, which each that is chosen passes;
    of the cache, which a token reads once for each position before it."""
    layer_weights: int
    layer_bytes: int
    output_weights: int
    output_bytes: int
    cache_bytes: int

    def decode_ops(self):
        return 2 * (self.layer_weights + self.output_weights)

    def decode_bytes(self, position, sequences=1):
        """Read for each token, the weights being shared by so many sequences."""
        return (self.layer_bytes + self.output_bytes) / sequences + self.cache_bytes * position

    def prefill_ops(self, tokens):
        """For each of the tokens, of which the last one chooses. Attention is left out: the share of the
        peak that a row states is a lower bound."""
        return 2 * (self.layer_weights + self.output_weights / tokens)

    def prefill_bytes(self, tokens):
        return (self.layer_bytes + self.output_bytes) / tokens + self.cache_bytes


def number(reader, name):
    field = reader.fields[f"{reader.fields['general.architecture'].contents()}.{name}"]
    return int(field.contents())


def cost(path):
    import gguf  # here, so that tests of the arithmetic do without the package
    reader = gguf.GGUFReader(path)
    matrices = {tensor.name: tensor for tensor in reader.tensors if len(tensor.shape) == 2}
    layers = [tensor for name, tensor in matrices.items() if name.startswith("blk.")]
    output = matrices.get("output.weight") or matrices["token_embd.weight"]
    width = number(reader, "attention.key_length") + number(reader, "attention.value_length")
    return Cost(layer_weights=sum(int(tensor.n_elements) for tensor in layers),
                layer_bytes=sum(int(tensor.n_bytes) for tensor in layers),
                output_weights=int(output.n_elements), output_bytes=int(output.n_bytes),
                # keys and values are fp16
                cache_bytes=2 * number(reader, "block_count") * number(reader, "attention.head_count_kv") * width)

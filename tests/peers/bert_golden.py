#!/usr/bin/env python3
"""What PyTorch computes for small BERT models: tests/golden/bert/{plain,bottleneck}.safetensors.

usage: bert_golden.py [FOLDER]          (default: tests/golden/bert beside this folder)

Each file holds the inputs, the stream after every layer, MLM logits, classifier logits, the summed loss and
the gradient of every parameter, all in double precision. The weights are not stored: element i of parameter
number k (in the order of NAMES) is amplitude * hashed(i, k), which the test computes too. The plain model's
layers are torch.nn.TransformerEncoderLayer; the one with bottlenecks is written with nn.MultiheadAttention.
Needs Debian's python3-torch.
"""
import json
import pathlib
import struct
import sys

import torch
import torch.nn.functional as F
from torch import nn

CASES = {
    "plain": dict(vocabulary=31, positions=12, types=2, width=24, bottlenecks=False, labels=3, eps=1e-12,
                  layers=[(24, 4, 40), (24, 4, 40)]),
    "bottleneck": dict(vocabulary=31, positions=12, types=2, width=20, bottlenecks=True, labels=2, eps=1e-12,
                       layers=[(12, 3, 18), (16, 2, 28), (8, 4, 14)]),
}
# Three sentences of 9, 6 and 8 tokens; 0 is padding. Types: a first and a second segment.
IDS = [[2, 7, 4, 19, 3, 25, 30, 11, 3], [2, 5, 4, 4, 12, 3, 0, 0, 0], [2, 28, 9, 3, 4, 17, 6, 3, 0]]
TYPES = [[0, 0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1, 0]]
PLACES = [2, 7, 11, 12, 22, 4]             # row * length + column of the tokens to predict
TARGETS = [14, 29, 8, 21, 16, 3]
LABELS = [1, 0, 1]


def parameters(case):
    """(name, shape, is a norm's weight) of every parameter, in the order of their numbers."""
    v, d = case["vocabulary"], case["width"]
    named = [("embeddings.word.weight", (v, d)), ("embeddings.position.weight", (case["positions"], d)),
             ("embeddings.type.weight", (case["types"], d))]

    def affine(name, out, inputs):
        named.extend([(name + ".weight", (out, inputs)), (name + ".bias", (out,))])

    def norm(name, width):
        named.extend([(name + ".weight", (width,)), (name + ".bias", (width,))])

    norm("embeddings.norm", d)
    for n, (hidden, _, ffn) in enumerate(case["layers"]):
        layer = f"encoder.layers.{n}."
        if case["bottlenecks"]:
            affine(layer + "bottleneck_in", hidden, d)
        for part in ("query", "key", "value", "output"):
            affine(layer + "self_attention." + part, hidden, hidden)
        norm(layer + "self_attention_norm", hidden)
        affine(layer + "ffn.fc1", ffn, hidden)
        affine(layer + "ffn.fc2", hidden, ffn)
        norm(layer + "ffn_norm", hidden)
        if case["bottlenecks"]:
            affine(layer + "bottleneck_out", d, hidden)
    affine("mlm.dense", d, d)
    norm("mlm.norm", d)
    named.append(("mlm.bias", (v,)))
    affine("classifier.pooler", d, d)
    affine("classifier.output", case["labels"], d)
    return [(name, shape, "norm.weight" in name) for name, shape in named]


def hashed(i, k):
    """A number in [-1, 1) from two integers, exact in double precision."""
    mask = 0xFFFFFFFF
    h = (i * 2654435761 + (k + 1) * 97531) & mask
    h = ((h ^ (h >> 15)) * 2246822519) & mask
    h = ((h ^ (h >> 13)) * 3266489917) & mask
    return (h ^ (h >> 16)) / 2.0 ** 31 - 1.0


def weights(case):
    made = {}
    for k, (name, shape, is_scale) in enumerate(parameters(case)):
        size = 1
        for side in shape:
            size *= side
        values = [0.25 * hashed(i, k) + (1.0 if is_scale else 0.0) for i in range(size)]
        made[name] = torch.tensor(values, dtype=torch.double).reshape(shape).requires_grad_()
    return made


def set_(module, name, tensor):
    """Replaces a registered parameter by a tensor of the graph."""
    del module._parameters[name]
    setattr(module, name, tensor)


def give(module, w, name):
    set_(module, "weight", w[name + ".weight"])
    set_(module, "bias", w[name + ".bias"])


def give_attention(attention, w, layer):
    parts = [layer + "self_attention." + p for p in ("query", "key", "value")]
    set_(attention, "in_proj_weight", torch.cat([w[p + ".weight"] for p in parts]))
    set_(attention, "in_proj_bias", torch.cat([w[p + ".bias"] for p in parts]))
    give(attention.out_proj, w, layer + "self_attention.output")


def plain_layer(case, n, w):
    hidden, heads, ffn = case["layers"][n]
    name = f"encoder.layers.{n}."
    layer = nn.TransformerEncoderLayer(hidden, heads, ffn, dropout=0.0, activation=F.gelu,
                                       layer_norm_eps=case["eps"], batch_first=True).double()
    give_attention(layer.self_attn, w, name)
    give(layer.norm1, w, name + "self_attention_norm")
    give(layer.linear1, w, name + "ffn.fc1")
    give(layer.linear2, w, name + "ffn.fc2")
    give(layer.norm2, w, name + "ffn_norm")
    layer.train()                            # evaluation takes a fused path that has no gradients
    return lambda x, padding: layer(x, src_key_padding_mask=padding)


def bottleneck_layer(case, n, w):
    hidden, heads, _ = case["layers"][n]
    name = f"encoder.layers.{n}."
    attention = nn.MultiheadAttention(hidden, heads, batch_first=True).double()
    give_attention(attention, w, name)
    affine = lambda part, x: F.linear(x, w[name + part + ".weight"], w[name + part + ".bias"])
    norm = lambda part, x: F.layer_norm(x, (hidden,), w[name + part + ".weight"], w[name + part + ".bias"],
                                        case["eps"])

    def run(x, padding):
        z = affine("bottleneck_in", x)
        a = norm("self_attention_norm", z + attention(z, z, z, key_padding_mask=padding)[0])
        y = norm("ffn_norm", a + affine("ffn.fc2", F.gelu(affine("ffn.fc1", a))))
        return affine("bottleneck_out", y)
    return run


def compute(case):
    w = weights(case)
    ids, types, places = torch.tensor(IDS), torch.tensor(TYPES), torch.tensor(PLACES)
    padding, d, eps = ids == 0, case["width"], case["eps"]
    positions = torch.arange(ids.shape[1])
    x = F.embedding(ids, w["embeddings.word.weight"], padding_idx=0) \
        + F.embedding(positions, w["embeddings.position.weight"])[None] \
        + F.embedding(types, w["embeddings.type.weight"])
    x = F.layer_norm(x, (d,), w["embeddings.norm.weight"], w["embeddings.norm.bias"], eps)
    out = {"hidden.0": x}
    for n in range(len(case["layers"])):
        layer = (bottleneck_layer if case["bottlenecks"] else plain_layer)(case, n, w)
        x = layer(x, padding)
        out[f"hidden.{n + 1}"] = x
    head = F.gelu(F.linear(x.reshape(-1, d)[places], w["mlm.dense.weight"], w["mlm.dense.bias"]))
    head = F.layer_norm(head, (d,), w["mlm.norm.weight"], w["mlm.norm.bias"], eps)
    out["mlm_logits"] = F.linear(head, w["embeddings.word.weight"], w["mlm.bias"])
    pooled = torch.tanh(F.linear(x[:, 0], w["classifier.pooler.weight"], w["classifier.pooler.bias"]))
    out["class_logits"] = F.linear(pooled, w["classifier.output.weight"], w["classifier.output.bias"])
    loss = F.cross_entropy(out["mlm_logits"], torch.tensor(TARGETS), reduction="sum") \
        + F.cross_entropy(out["class_logits"], torch.tensor(LABELS), reduction="sum")
    loss.backward()
    out["loss"] = loss.reshape(1)
    out.update({"gradient." + name: tensor.grad for name, tensor in w.items()})
    integers = {"ids": ids, "types": types, "places": places, "targets": torch.tensor(TARGETS),
                "labels": torch.tensor(LABELS)}
    return {**{name: value.to(torch.int32) for name, value in integers.items()},
            **{name: value.detach() for name, value in out.items()}}


def write(path, tensors, metadata):
    """The safetensors format: header length, JSON header, bytes; doubles first, for their alignment."""
    header, data = {"__metadata__": metadata}, b""
    for name, value in sorted(tensors.items(), key=lambda item: (item[1].dtype != torch.double, item[0])):
        raw = value.contiguous().numpy().tobytes()
        header[name] = {"dtype": "F64" if value.dtype == torch.double else "I32", "shape": list(value.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main():
    here = pathlib.Path(__file__).resolve().parent
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "golden" / "bert"
    torch.set_num_threads(1)
    for name, case in CASES.items():
        config = {key: value for key, value in case.items() if key not in ("layers", "eps", "labels")}
        config["layers"] = [dict(zip(("hidden", "heads", "ffn"), layer)) for layer in case["layers"]]
        config.update(labels=case["labels"], norm_eps=case["eps"])
        write(folder / f"{name}.safetensors", compute(case), {"torch": torch.__version__, "config": json.dumps(config)})


if __name__ == "__main__":
    main()

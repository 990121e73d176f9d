#!/usr/bin/env python3
"""Times PyTorch on the training step that `mosaic bench step` times: the same Transformer, batch and threads.

usage: step_time.py [--threads N] [--rows N] [--length N] [--embed N] [--qkv N] [--ffn N] [--heads N] [--memory N]
                    [--layers N] [--vocabulary N] [--dropout P] [--steps N]

--memory N: decoder layers attend to the outputs of the last N encoder layers, one after another on the time axis (HAT's
arbitrary attention), as the largest architecture of `mosaic bench step --space tiny --arch largest` does with 3.
Where versions differ the fastest is taken: scaled_dot_product_attention and the fused Adam of PyTorch 2; rows have no
padding, so keys get no mask. Prints one JSON line: milliseconds (median, minimum), target tokens a second, memory, and
what computed them. Runs on PyTorch 1.13 (Debian's python3-torch) and later.
"""
import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

from torch_facts import ProcessorShare, blas, peak_rss, version


class Attention(nn.Module):
    """Multi-head attention with `qkv` channels over an embedding of another width, packed when self."""

    def __init__(self, embed, memory, qkv, heads, dropout):
        super().__init__()
        self.heads, self.dropout, self.packed = heads, dropout, memory is None
        if self.packed:
            self.in_proj = nn.Linear(embed, 3 * qkv)
        else:
            self.q_proj, self.kv_proj = nn.Linear(embed, qkv), nn.Linear(memory, 2 * qkv)
        self.out_proj = nn.Linear(qkv, embed)

    def split(self, x):
        rows, length, width = x.shape
        return x.view(rows, length, self.heads, width // self.heads).transpose(1, 2)

    def attend(self, q, k, v, causal):
        rate = self.dropout if self.training else 0.0
        if hasattr(F, "scaled_dot_product_attention"):
            return F.scaled_dot_product_attention(q, k, v, dropout_p=rate, is_causal=causal is not None)
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
        p = (scores if causal is None else scores + causal).softmax(-1)
        return F.dropout(p, rate) @ v if rate else p @ v

    def forward(self, x, memory, causal):
        if self.packed:
            q, k, v = self.in_proj(x).chunk(3, dim=-1)
        else:
            q = self.q_proj(x)
            k, v = self.kv_proj(memory).chunk(2, dim=-1)
        q, k, v = self.split(q), self.split(k), self.split(v)
        y = self.attend(q, k, v, causal).transpose(1, 2).reshape(x.shape[0], x.shape[1], -1)
        return self.out_proj(y)


class Layer(nn.Module):
    def __init__(self, embed, memory, qkv, ffn, heads, dropout, cross):
        super().__init__()
        self.dropout = dropout
        self.self_attention = Attention(embed, None, qkv, heads, 0.0)
        self.norm1 = nn.LayerNorm(embed)
        self.cross = Attention(embed, memory, qkv, heads, 0.0) if cross else None
        self.norm2 = nn.LayerNorm(embed) if cross else None
        self.fc1, self.fc2 = nn.Linear(embed, ffn), nn.Linear(ffn, embed)
        self.norm3 = nn.LayerNorm(embed)

    def forward(self, x, causal=None, memory=None):
        drop = lambda y: F.dropout(y, self.dropout, self.training)
        x = self.norm1(x + drop(self.self_attention(x, None, causal)))
        if self.cross is not None:
            x = self.norm2(x + drop(self.cross(x, memory, None)))
        return self.norm3(x + drop(self.fc2(F.relu(self.fc1(x)))))


class Transformer(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.o = o
        self.embeddings = nn.Embedding(o.vocabulary, o.embed, padding_idx=1)
        nn.init.normal_(self.embeddings.weight, std=o.embed ** -0.5)
        self.encoder = nn.ModuleList(
            Layer(o.embed, None, o.qkv, o.ffn, o.heads, o.dropout, False) for _ in range(o.layers))
        self.decoder = nn.ModuleList(
            Layer(o.embed, o.embed, o.qkv, o.ffn, o.heads, o.dropout, True) for _ in range(o.layers))
        self.register_buffer("positions", torch.randn(1024, o.embed))

    def embed(self, ids):
        x = self.embeddings(ids) * self.o.embed ** 0.5 + self.positions[: ids.shape[1]]
        return F.dropout(x, self.o.dropout, self.training)

    def forward(self, source, target):
        causal = torch.full((target.shape[1],) * 2, float("-inf")).triu(1)
        x = self.embed(source)
        outputs = []
        for layer in self.encoder:
            x = layer(x)
            outputs.append(x)
        memory = torch.cat(outputs[::-1][: self.o.memory], dim=1) if self.o.memory > 1 else x
        y = self.embed(target)
        for layer in self.decoder:
            y = layer(y, causal, memory)
        return y @ self.embeddings.weight.t()


def adam(model):
    """Fused where this version can do that on a CPU (2.4 and later)."""
    options = dict(lr=1e-4, betas=(0.9, 0.98), eps=1e-8)
    return torch.optim.Adam(model.parameters(), **options, **(dict(fused=True) if version() >= (2, 4) else {}))


def main():
    parser = argparse.ArgumentParser()
    for name, default in dict(threads=2, rows=128, length=32, embed=128, qkv=128, ffn=256, heads=4, layers=4, memory=1,
                              vocabulary=9712, steps=10).items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--dropout", type=float, default=0.3)
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(1)
    before = peak_rss()
    model = Transformer(o)
    optimizer = adam(model)
    source = torch.randint(4, o.vocabulary, (o.rows, o.length))
    target = torch.randint(4, o.vocabulary, (o.rows, o.length))
    times = []
    for step in range(o.steps + 2):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        logits = model(source, target)
        loss = F.cross_entropy(logits.view(-1, o.vocabulary), target.view(-1), ignore_index=1, label_smoothing=0.1,
                               reduction="sum") / target.numel()
        loss.backward()
        optimizer.step()
        if step == 1:
            processor = ProcessorShare(o.threads)
        if step >= 2:
            times.append(time.perf_counter() - start)
    share = processor.share()
    median = statistics.median(times)
    print(json.dumps({"peer": "torch " + torch.__version__, "blas": blas(), "threads": o.threads,
                      "parameters": sum(p.numel() for p in model.parameters()),
                      "milliseconds": round(median * 1e3, 2), "milliseconds_min": round(min(times) * 1e3, 2),
                      "tokens_per_second": round(o.rows * o.length / median),
                      "processor_share": round(share, 3), "peak_rss_bytes": peak_rss(), "rss_bytes_before": before}))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Times PyTorch on the training step that `mosaic bench step` times: the same Transformer, batch and threads.

usage: step_time.py [--threads N] [--rows N] [--length N] [--embed N] [--qkv N] [--ffn N] [--heads N]
                    [--layers N] [--vocabulary N] [--dropout P] [--steps N]

Prints one JSON line: milliseconds (median, minimum) and target tokens a second. Needs Debian's python3-torch.
"""
import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn


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

    def forward(self, x, memory, mask):
        if self.packed:
            q, k, v = self.in_proj(x).chunk(3, dim=-1)
        else:
            q = self.q_proj(x)
            k, v = self.kv_proj(memory).chunk(2, dim=-1)
        q, k, v = self.split(q), self.split(k), self.split(v)
        scores = (q @ k.transpose(-1, -2)) * (q.shape[-1] ** -0.5) + mask
        p = F.dropout(scores.softmax(-1), self.dropout, self.training)
        y = (p @ v).transpose(1, 2).reshape(x.shape[0], x.shape[1], -1)
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

    def forward(self, x, self_mask, memory=None, memory_mask=None):
        drop = lambda y: F.dropout(y, self.dropout, self.training)
        x = self.norm1(x + drop(self.self_attention(x, None, self_mask)))
        if self.cross is not None:
            x = self.norm2(x + drop(self.cross(x, memory, memory_mask)))
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
        source_mask = torch.zeros(source.shape, dtype=torch.float).masked_fill(source == 1, float("-inf"))
        source_mask = source_mask[:, None, None, :]
        causal = torch.full((target.shape[1],) * 2, float("-inf")).triu(1)
        x = self.embed(source)
        for layer in self.encoder:
            x = layer(x, source_mask)
        y = self.embed(target)
        for layer in self.decoder:
            y = layer(y, causal, x, source_mask)
        return y @ self.embeddings.weight.t()


def main():
    parser = argparse.ArgumentParser()
    for name, default in dict(threads=2, rows=128, length=32, embed=128, qkv=128, ffn=256, heads=4, layers=4,
                              vocabulary=9712, steps=10).items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--dropout", type=float, default=0.3)
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(1)
    model = Transformer(o)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, betas=(0.9, 0.98), eps=1e-8)
    source = torch.randint(4, o.vocabulary, (o.rows, o.length))
    target = torch.randint(4, o.vocabulary, (o.rows, o.length))
    times = []
    for step in range(o.steps + 2):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=False)
        logits = model(source, target)
        loss = F.cross_entropy(logits.view(-1, o.vocabulary), target.view(-1), ignore_index=1, label_smoothing=0.1,
                               reduction="sum") / target.numel()
        loss.backward()
        optimizer.step()
        if step >= 2:
            times.append(time.perf_counter() - start)
    median = statistics.median(times)
    print(json.dumps({"peer": "torch " + torch.__version__, "threads": o.threads, "milliseconds": round(median * 1e3, 2),
                      "milliseconds_min": round(min(times) * 1e3, 2), "tokens_per_second": round(o.rows * o.length / median)}))


if __name__ == "__main__":
    main()

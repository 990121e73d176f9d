#!/usr/bin/env python3
"""Times PyTorch on the step that `mosaic bench step --model bert` times: the same BERT, batch and threads.

usage: bert_step_time.py [--threads N] [--rows N] [--length N] [--embed N] [--ffn N] [--heads N] [--layers N]
                         [--vocabulary N] [--dropout P] [--attention-dropout P] [--steps N] [--texts N,N,...]

Masked language modelling: 15 % of the tokens of every row are to be guessed, and only these reach the head. Where
versions differ the fastest is taken: scaled_dot_product_attention and the fused AdamW of PyTorch 2; rows have no
padding, so attention gets no mask. With --texts a fine-tuning step instead: texts of so many tokens, padded to the
longest as everybody does, are classified by their first tokens. Prints one JSON line: milliseconds (median, minimum),
tokens a second (padding does not count), memory, and what computed them. Runs on PyTorch 1.13 (Debian's
python3-torch) and later.
"""
import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

from torch_facts import ProcessorShare, blas, peak_rss, version

EPS = 1e-12


class Attention(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))

    def split(self, x):
        rows, length, width = x.shape
        return x.view(rows, length, self.heads, width // self.heads).transpose(1, 2)

    def attend(self, q, k, v, mask):
        rate = self.dropout if self.training else 0.0
        if hasattr(F, "scaled_dot_product_attention"):
            return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=rate)
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
        if mask is not None:
            scores = scores.masked_fill(~mask, float("-inf"))
        p = scores.softmax(-1)
        return F.dropout(p, rate) @ v if rate else p @ v

    def forward(self, x, mask):
        y = self.attend(self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x)), mask)
        return self.output(y.transpose(1, 2).reshape(x.shape))


class Layer(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.dropout = o.dropout
        self.attention = Attention(o.embed, o.heads, o.attention_dropout)
        self.attention_norm = nn.LayerNorm(o.embed, eps=EPS)
        self.fc1, self.fc2 = nn.Linear(o.embed, o.ffn), nn.Linear(o.ffn, o.embed)
        self.ffn_norm = nn.LayerNorm(o.embed, eps=EPS)

    def drop(self, x):
        return F.dropout(x, self.dropout, self.training) if self.dropout else x

    def forward(self, x, mask):
        x = self.attention_norm(x + self.drop(self.attention(x, mask)))
        return self.ffn_norm(x + self.drop(self.fc2(F.gelu(self.fc1(x)))))


class Bert(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.dropout = o.dropout
        self.words = nn.Embedding(o.vocabulary, o.embed, padding_idx=0)
        self.positions, self.types = nn.Embedding(max(512, o.length), o.embed), nn.Embedding(2, o.embed)
        self.norm = nn.LayerNorm(o.embed, eps=EPS)
        self.layers = nn.ModuleList(Layer(o) for _ in range(o.layers))
        self.dense = nn.Linear(o.embed, o.embed)
        if o.texts:
            self.output = nn.Linear(o.embed, 2)
        else:
            self.head_norm = nn.LayerNorm(o.embed, eps=EPS)
            self.bias = nn.Parameter(torch.zeros(o.vocabulary))
        for name, parameter in self.named_parameters():
            if is_matrix(parameter):
                nn.init.normal_(parameter, std=0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def encode(self, ids, mask):
        length = ids.shape[1]
        x = self.words(ids) + (self.positions.weight[:length] + self.types.weight[0])
        x = self.norm(x)
        if self.dropout:
            x = F.dropout(x, self.dropout, self.training)
        for layer in self.layers:
            x = layer(x, mask)
        return x

    def classes(self, ids, mask):
        return self.output(torch.tanh(self.dense(self.encode(ids, mask)[:, 0])))

    def guesses(self, ids, places):
        x = self.encode(ids, None)
        x = x.view(-1, x.shape[-1]).index_select(0, places)
        return F.linear(self.head_norm(F.gelu(self.dense(x))), self.words.weight, self.bias)


def is_matrix(parameter):
    return parameter.dim() > 1


def adamw(model):
    """Weight decay on matrices only; fused where this version can do that on a CPU (2.4 and later)."""
    groups = [{"params": [p for p in model.parameters() if is_matrix(p)], "weight_decay": 0.01},
              {"params": [p for p in model.parameters() if not is_matrix(p)], "weight_decay": 0.0}]
    options = dict(lr=1e-4, betas=(0.9, 0.98), eps=1e-8)
    return torch.optim.AdamW(groups, **options, **(dict(fused=True) if version() >= (2, 4) else {}))


def guessing(o):
    """The logits of a batch as a function of the model, and its targets."""
    ids = torch.randint(4, o.vocabulary, (o.rows, o.length))
    guesses = max(1, round(0.15 * o.length))
    places = torch.cat([row * o.length + torch.randperm(o.length)[:guesses].sort().values for row in range(o.rows)])
    return lambda model: model.guesses(ids, places), torch.randint(4, o.vocabulary, places.shape)


def classifying(o):
    seen = torch.arange(o.length)[None, :] < torch.tensor(o.texts)[:, None]
    ids = torch.randint(4, o.vocabulary, (o.rows, o.length)) * seen
    mask = None if seen.all() else seen[:, None, None, :]
    return lambda model: model.classes(ids, mask), torch.randint(0, 2, (o.rows,))


def main():
    parser = argparse.ArgumentParser()
    for name, default in dict(threads=2, rows=16, length=128, embed=192, ffn=768, heads=6, layers=6, vocabulary=8000,
                              steps=10).items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--attention-dropout", type=float, default=0.0)
    parser.add_argument("--texts", type=lambda text: [int(word) for word in text.split(",")], default=[])
    o = parser.parse_args()
    if o.texts:
        o.rows, o.length = len(o.texts), max(o.texts)
    torch.set_num_threads(o.threads)
    torch.manual_seed(1)
    before = peak_rss()
    model = Bert(o)
    optimizer = adamw(model)
    logits, targets = (classifying if o.texts else guessing)(o)
    times = []
    for step in range(o.steps + 2):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(logits(model), targets).backward()
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
                      "tokens_per_second": round((sum(o.texts) or o.rows * o.length) / median),
                      "processor_share": round(share, 3), "peak_rss_bytes": peak_rss(), "rss_bytes_before": before}))


if __name__ == "__main__":
    main()

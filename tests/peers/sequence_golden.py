#!/usr/bin/env python3
"""What PyTorch computes for criteria, schedules, rotary positions, recurrent layers and grouped attention:
tests/golden/sequence/{criteria,schedules,rotary,recurrent,attention}.safetensors, in double precision.

usage: sequence_golden.py [FOLDER]      (default: tests/golden/sequence beside this folder)

Inputs, weights and cotangents are stored beside the results; gradients are those of the sum of result times
cotangent. PyTorch has neither rotary positions nor focal losses: those are written here, by complex numbers and by
the formulas of the papers, and differentiated by it. Needs PyTorch 2.5 or newer (enable_gqa).
"""
import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import lr_scheduler as lrs

from bert_golden import write


def draw(*shape):
    return torch.randn(*shape, dtype=torch.double)


def criteria():
    x, y, c = draw(4, 5), draw(4, 5), draw(4, 5)
    x[0, 0], x[1, 1] = 40.0, -40.0
    t, labels = torch.rand(4, 5, dtype=torch.double), (draw(4, 5) > 0).double()
    weight, positive = torch.rand(4, 5, dtype=torch.double) + 0.5, torch.rand(5, dtype=torch.double) + 0.5
    p = F.softmax(draw(4, 5), -1)
    classes = torch.tensor([3, 0, 4, 2])
    out = dict(x=x, y=y, cotangent=c, t=t, labels=labels, weight=weight, positive=positive, p=p,
               classes=classes.to(torch.int32))

    def add(name, f, cotangent):
        given = x.clone().requires_grad_()
        losses = f(given)
        (losses * cotangent).sum().backward()
        out.update({name: losses.detach(), name + ".gradient": given.grad})

    def focal(x):
        q = torch.sigmoid(x)
        p_t = q * labels + (1 - q) * (1 - labels)
        a_t = 0.3 * labels + 0.7 * (1 - labels)
        return a_t * (1 - p_t) ** 1.5 * F.binary_cross_entropy_with_logits(x, labels, reduction="none")

    def class_focal(x):
        log_p = F.log_softmax(x, -1).gather(1, classes[:, None])[:, 0]
        return -positive[classes] * (1 - log_p.exp()) ** 2 * log_p

    rows = c[:, 0]
    add("mse", lambda x: F.mse_loss(x, y, reduction="none"), c)
    add("l1", lambda x: F.l1_loss(x, y, reduction="none"), c)
    add("huber", lambda x: F.huber_loss(x, y, delta=0.7, reduction="none"), c)
    add("bce", lambda x: F.binary_cross_entropy_with_logits(x, t, weight, pos_weight=positive, reduction="none"), c)
    add("bce.mean", lambda x: F.binary_cross_entropy_with_logits(x, t, weight).reshape(1), 1.0)
    add("mse.sum", lambda x: F.mse_loss(x, y, reduction="sum").reshape(1), 1.0)
    add("focal", focal, c)
    add("class_focal", class_focal, rows)
    add("kl", lambda x: F.kl_div(F.log_softmax(x, -1), p, reduction="none").sum(-1), rows)
    add("kl.mean", lambda x: F.kl_div(F.log_softmax(x, -1), p, reduction="batchmean").reshape(1), 1.0)
    add("kl.log", lambda x: F.kl_div(F.log_softmax(x, -1), F.log_softmax(y, -1), reduction="none",
                                     log_target=True).sum(-1), rows)
    add("distillation", lambda x: 9 * F.kl_div(F.log_softmax(x / 3, -1), F.softmax(y / 3, -1),
                                               reduction="none").sum(-1), rows)
    return out


def schedules():
    def rates(make, peak, n=40):
        optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=peak)
        schedule, out = make(optimizer), []
        for _ in range(n):
            out.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        return torch.tensor(out, dtype=torch.double)

    def warmed(make):
        return lambda o: lrs.SequentialLR(o, [lrs.LinearLR(o, 0.1, 1.0, 5), make(o)], [5])

    return {
        "linear": rates(lambda o: lrs.LinearLR(o, 1.0, 0.25, 30), 0.8),
        "cosine": rates(lambda o: lrs.CosineAnnealingLR(o, 39, 0.1), 0.8),
        "cosine.warm": rates(warmed(lambda o: lrs.CosineAnnealingLR(o, 35, 0.1)), 0.8),
        "polynomial": rates(lambda o: lrs.PolynomialLR(o, 30, 2.0), 0.8),
        "exponential": rates(lambda o: lrs.ExponentialLR(o, 0.9), 0.8),
        "exponential.warm": rates(warmed(lambda o: lrs.ExponentialLR(o, 0.9)), 0.8),
        "step": rates(lambda o: lrs.StepLR(o, 7, 0.5), 0.8),
        "step.warm": rates(warmed(lambda o: lrs.StepLR(o, 7, 0.5)), 0.8),
        "multi_step": rates(lambda o: lrs.MultiStepLR(o, [4, 9, 30], 0.3), 0.8),
        "restarts": rates(lambda o: lrs.CosineAnnealingWarmRestarts(o, 6, 1, 0.05), 0.8),
        "restarts.growing": rates(lambda o: lrs.CosineAnnealingWarmRestarts(o, 3, 2, 0.05), 0.8),
        "one_cycle": rates(lambda o: lrs.OneCycleLR(o, 0.8, 41, pct_start=12 / 41, cycle_momentum=False,
                                                    div_factor=20, final_div_factor=50), 0.8),
    }


def rotary():
    out = {}
    for name, interleaved, width, dims, base, first in (("halves", False, 8, 8, 10000.0, 0),
                                                        ("interleaved", True, 8, 8, 10000.0, 3),
                                                        ("partial", False, 10, 6, 500.0, 7),
                                                        ("partial.interleaved", True, 10, 4, 500.0, 7)):
        batch, length, heads = 2, 5, 3
        x, c = draw(batch, length, heads * width).requires_grad_(), draw(batch, length, heads * width)
        turned, rest = x.reshape(batch, length, heads, width).split([dims, width - dims], -1)
        if not interleaved:                  # channels i and i + dims / 2 side by side
            turned = turned.unflatten(-1, (2, dims // 2)).transpose(-1, -2).flatten(-2)
        speed = base ** (-torch.arange(0, dims, 2, dtype=torch.double) / dims)
        angle = (first + torch.arange(length, dtype=torch.double))[:, None] * speed
        z = torch.view_as_complex(turned.unflatten(-1, (dims // 2, 2)).contiguous())
        z = z * torch.polar(torch.ones_like(angle), angle)[None, :, None]
        turned = torch.view_as_real(z).flatten(-2)
        if not interleaved:
            turned = turned.unflatten(-1, (dims // 2, 2)).transpose(-1, -2).flatten(-2)
        y = torch.cat([turned, rest], -1).flatten(-2)
        (y * c).sum().backward()
        out.update({f"{name}.x": x.detach(), f"{name}.cotangent": c, f"{name}.y": y.detach(),
                    f"{name}.gradient": x.grad})
    return out


def recurrent():
    lengths, out = torch.tensor([6, 3, 4]), {"lengths": torch.tensor([6, 3, 4], dtype=torch.int32)}
    cases = (("plain", dict(num_layers=1)), ("bare", dict(num_layers=2, bias=False)),
             ("both", dict(num_layers=2, bidirectional=True)))
    for kind in (nn.LSTM, nn.GRU):
        for case, options in cases:
            name = f"{kind.__name__.lower()}.{case}."
            module = kind(5, 4, batch_first=True, **options).double()
            states = options["num_layers"] * (2 if options.get("bidirectional") else 1)
            given = {"x": draw(3, 6, 5), "h0": draw(states, 3, 4)}
            if kind is nn.LSTM:
                given["c0"] = draw(states, 3, 4)
            for value in given.values():
                value.requires_grad_()
            start = (given["h0"], given["c0"]) if kind is nn.LSTM else given["h0"]
            packed = nn.utils.rnn.pack_padded_sequence(given["x"], lengths, batch_first=True,
                                                       enforce_sorted=False)
            packed_y, final = module(packed, start)
            y, _ = nn.utils.rnn.pad_packed_sequence(packed_y, batch_first=True)
            results = {"y": y, "h": final[0] if kind is nn.LSTM else final}
            if kind is nn.LSTM:
                results["c"] = final[1]
            cotangents = {key: draw(*value.shape) for key, value in results.items()}
            sum((value * cotangents[key]).sum() for key, value in results.items()).backward()
            leaves = {**given, **dict(module.named_parameters())}
            out.update({name + key: value.detach() for key, value in {**leaves, **results}.items()})
            out.update({name + "cotangent." + key: value for key, value in cotangents.items()})
            out.update({name + "gradient." + key: value.grad for key, value in leaves.items()})
    return out


def attention():
    batch, queries, keys, width = 2, 5, 7, 6
    mask = torch.tensor([[1, 1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1, 1]], dtype=torch.int32)
    out = {"mask": mask}
    for name, heads, groups in (("grouped", 6, 2), ("single", 4, 1)):
        q = draw(batch, queries, heads * width).requires_grad_()
        k, v = (draw(batch, keys, groups * width).requires_grad_() for _ in range(2))
        c = draw(batch, queries, heads * width)
        split = lambda t, n: t.unflatten(-1, (n, width)).transpose(1, 2)
        earlier = torch.arange(keys)[None] <= torch.arange(queries)[:, None] + keys - queries
        y = F.scaled_dot_product_attention(split(q, heads), split(k, groups), split(v, groups),
                                           mask.bool()[:, None, None] & earlier, enable_gqa=True)
        y = y.transpose(1, 2).flatten(-2)
        (y * c).sum().backward()
        out.update({f"{name}.{key}": value.detach() for key, value in dict(q=q, k=k, v=v, y=y, cotangent=c).items()})
        out.update({f"{name}.gradient.{key}": value.grad for key, value in dict(q=q, k=k, v=v).items()})
    return out


def main():
    here = pathlib.Path(__file__).resolve().parent
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "golden" / "sequence"
    torch.set_num_threads(1)
    for number, part in enumerate((criteria, schedules, rotary, recurrent, attention)):
        torch.manual_seed(number)
        write(folder / f"{part.__name__}.safetensors", part(), {"torch": torch.__version__})


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""What PyTorch computes for activations, gated linear units, norms, convolutions and pooling:
tests/golden/layers/{activations,norms,convolutions,pooling}.safetensors, in double precision.

usage: layers_golden.py [FOLDER]        (default: tests/golden/layers beside this folder)

Inputs, weights and cotangents are stored beside the results; gradients are those of the sum of result times
cotangent. Needs PyTorch 2.4 or newer (rms_norm).
"""
import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

from bert_golden import write


def draw(*shape):
    return torch.randn(*shape, dtype=torch.double)


def record(out, name, f, **inputs):
    """The result of f(inputs) and the gradient of each, under `name.`."""
    given = {key: value.clone().requires_grad_() for key, value in inputs.items()}
    y = f(*given.values())
    cotangent = draw(*y.shape)
    (y * cotangent).sum().backward()
    out.update({f"{name}.{key}": value for key, value in inputs.items()})
    out.update({f"{name}.gradient.{key}": value.grad for key, value in given.items()})
    out.update({f"{name}.y": y.detach(), f"{name}.cotangent": cotangent})


def activations():
    out, x = {}, draw(5, 9) * 3
    x[0, :4] = torch.tensor([-40.0, 40.0, -8.0, 8.0])
    for name, f in dict(silu=F.silu, gelu=F.gelu, gelu_tanh=lambda x: F.gelu(x, approximate="tanh"), mish=F.mish,
                        softplus=F.softplus, log_sigmoid=F.logsigmoid, elu=lambda x: F.elu(x, 0.7), selu=F.selu,
                        leaky_relu=lambda x: F.leaky_relu(x, 0.2), hard_swish=F.hardswish,
                        # F.hardsigmoid multiplies gradients of doubles by a single-precision 1 / 6.
                        hard_sigmoid=lambda x: (x / 6 + 0.5).clamp(0, 1)).items():
        record(out, name, f, x=x)
    x = draw(3, 4, 14) * 2
    for name, f in dict(glu=torch.sigmoid, reglu=F.relu, geglu=F.gelu, swiglu=F.silu,
                        geglu_tanh=lambda x: F.gelu(x, approximate="tanh")).items():
        record(out, name, lambda x: x[..., :7] * f(x[..., 7:]), x=x)
    return out


def norms():
    out = {}
    record(out, "rms", lambda x, gamma: F.rms_norm(x, (7,), gamma, 1e-6), x=draw(3, 5, 7), gamma=draw(7))
    for name, kind, shape in (("batch1d", nn.BatchNorm1d, (6, 4)), ("batch1d.sequence", nn.BatchNorm1d, (3, 4, 5)),
                              ("batch2d", nn.BatchNorm2d, (3, 4, 5, 6))):
        module, x = kind(4, momentum=0.3).double(), draw(*shape) * 2 + 1

        def run(x, weight, bias):
            return torch.func.functional_call(module, {"weight": weight, "bias": bias}, (x,))

        inputs = dict(x=x, weight=draw(4), bias=draw(4))
        record(out, name + ".train", run, **inputs)
        out.update({f"{name}.running_mean": module.running_mean.clone(),
                    f"{name}.running_var": module.running_var.clone()})
        module.eval()
        record(out, name + ".eval", run, **inputs)
    return out


def convolutions():
    out = {}
    for name, size, channels, outputs, kernel, options in (
            ("1d", (11,), 3, 4, (3,), {}),
            ("1d.strided", (17,), 4, 6, (4,), dict(stride=3, padding=2, dilation=2, groups=2)),
            ("1d.depthwise", (9,), 5, 10, (3,), dict(padding=1, groups=5)),
            ("2d", (7, 8), 3, 4, (3, 2), {}),
            ("2d.strided", (9, 10), 4, 6, (3, 2), dict(stride=(2, 3), padding=(1, 2), dilation=(1, 2), groups=2)),
            ("2d.depthwise", (7, 6), 4, 8, (3, 3), dict(stride=2, padding=1, groups=4)),
            ("2d.pointwise", (4, 5), 6, 4, (1, 1), {})):
        f = F.conv1d if len(size) == 1 else F.conv2d
        groups = options.get("groups", 1)
        record(out, name, lambda x, weight, bias: f(x, weight, bias, **options), x=draw(2, channels, *size),
               weight=draw(outputs, channels // groups, *kernel), bias=draw(outputs))
    return out


def pooling():
    out, x, sequence = {}, draw(2, 3, 7, 9), draw(2, 3, 11)
    for name, f in {
            "max": lambda x: F.max_pool2d(x, 2),
            "max.padded": lambda x: F.max_pool2d(x, (3, 2), (2, 1), 1, (1, 2)),
            "average": lambda x: F.avg_pool2d(x, (2, 3)),
            "average.padded": lambda x: F.avg_pool2d(x, 3, (2, 1), 1),
            "average.uncounted": lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
            "adaptive": lambda x: F.adaptive_avg_pool2d(x, (3, 4)),
            "adaptive.larger": lambda x: F.adaptive_avg_pool2d(x, (9, 2)),
            "global": lambda x: F.adaptive_avg_pool2d(x, 1)}.items():
        record(out, name, f, x=x)
    for name, f in {
            "max1d": lambda x: F.max_pool1d(x, 3, 2, 1),
            "average1d": lambda x: F.avg_pool1d(x, 3, 2, 1),
            "adaptive1d": lambda x: F.adaptive_avg_pool1d(x, 4)}.items():
        record(out, name, f, x=sequence)
    return out


def main():
    here = pathlib.Path(__file__).resolve().parent
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "golden" / "layers"
    torch.set_num_threads(1)
    for number, part in enumerate((activations, norms, convolutions, pooling)):
        torch.manual_seed(number)
        write(folder / f"{part.__name__}.safetensors", part(), {"torch": torch.__version__})


if __name__ == "__main__":
    main()

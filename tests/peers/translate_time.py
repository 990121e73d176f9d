#!/usr/bin/env python3
"""Times CTranslate2 (float32) on what `mosaic bench translate` times: the same weights, sentences, beam and threads.

usage: translate_time.py --model DIR --hypotheses FILE [--beam N] [--rows N] [--threads N] [--min-length N]
                         [--max-length N] [--length-penalty P] [--repeats N] [--show N]

DIR is a static translation model of ours; FILE holds the ids that `mosaic bench translate --hypotheses` wrote for the
same options: sources to translate, and hypotheses to compare with. Prints one JSON line: milliseconds (median,
minimum, maximum; loading is not counted), tokens a second, how many hypotheses are equal, and how far log
probabilities of equal ones are apart. --show N prints the first N that differ on standard error. What CTranslate2
cannot express (heads that differ between layers, encoder outputs before the last, widths that differ) is refused.

Both sort by length and work on --rows sentences at a time. CTranslate2's time has the conversion of ids, which are
words for it, in it: about a microsecond a token. Needs ctranslate2, numpy and safetensors.
"""
import argparse
import json
import pathlib
import statistics
import sys
import tempfile
import time

import ctranslate2
import numpy as np
from ctranslate2.specs import common_spec, transformer_spec
from safetensors.numpy import load_file

FIRST_POSITION = 2  # a sentence's first token has the third row of the table


def one(values, what):
    """The value that all have."""
    different = sorted(set(values))
    if len(different) != 1:
        sys.exit(f"CTranslate2 has one value for every layer, the model's {what} are {different}")
    return different[0]


def sinusoids(length, width):
    """float32 {length, width}: sines of half the channels, then cosines."""
    half = width // 2
    frequencies = np.exp(-np.arange(half) * np.log(10000.0) / (half - 1))
    angles = (np.arange(length) + FIRST_POSITION)[:, None] * frequencies
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


class Converter:
    """A static model directory as a CTranslate2 specification."""

    def __init__(self, directory):
        config = json.loads((directory / "config.json").read_text(encoding="utf-8"))["model"]
        self.config, self.weights = config, load_file(directory / "model.safetensors")
        encoder, decoder = config["encoder"]["layers"], config["decoder"]["layers"]
        heads = one([layer["heads"] for layer in encoder]
                    + [layer[name] for layer in decoder for name in ("self_heads", "cross_heads")], "heads")
        if one([layer["memory"] for layer in decoder], "memories") != 1:
            sys.exit("CTranslate2's decoders see the last encoder layer only")
        width = one([config["encoder"]["embed"], config["decoder"]["embed"], config["qkv_dim"],
                     config["position_width"]], "widths")
        if not config["share_embeddings"]:
            sys.exit("only models with shared embeddings are converted")
        self.spec = transformer_spec.TransformerSpec.from_config(
            (len(encoder), len(decoder)), heads, pre_norm=False, activation=common_spec.Activation.RELU)
        positions = sinusoids(1024, width)
        for side in (self.spec.encoder, self.spec.decoder):
            side.scale_embeddings = True
            side.position_encodings.encodings = positions
        table = self.weights["embeddings.weight"]
        self.spec.encoder.embeddings[0].weight = table
        self.spec.decoder.embeddings.weight = table
        self.spec.decoder.projection.weight = table
        for index, layer in enumerate(self.spec.encoder.layer):
            self.layer(layer, f"encoder.layers.{index}", cross=False)
        for index, layer in enumerate(self.spec.decoder.layer):
            self.layer(layer, f"decoder.layers.{index}", cross=True)
        words = [str(i) for i in range(table.shape[0])]
        self.spec.register_source_vocabulary(words)
        self.spec.register_target_vocabulary(words)
        self.spec.config.add_source_bos = self.spec.config.add_source_eos = False
        self.spec.config.bos_token, self.spec.config.unk_token = str(config["bos"]), words[-1]
        # A translation begins with the end token.
        self.spec.config.eos_token = self.spec.config.decoder_start_token = str(config["eos"])
        self.spec.config.layer_norm_epsilon = 1e-5

    def linear(self, spec, name):
        spec.weight, spec.bias = self.weights[name + ".weight"], self.weights[name + ".bias"]

    def norm(self, spec, name):
        spec.gamma, spec.beta = self.weights[name + ".weight"], self.weights[name + ".bias"]

    def layer(self, spec, name, cross):
        self.linear(spec.self_attention.linear[0], name + ".self_attention.in_proj")
        self.linear(spec.self_attention.linear[1], name + ".self_attention.out_proj")
        self.norm(spec.self_attention.layer_norm, name + ".self_attention_norm")
        if cross:
            for place, projection in enumerate(("q_proj", "kv_proj", "out_proj")):
                self.linear(spec.attention.linear[place], f"{name}.cross_attention.{projection}")
            self.norm(spec.attention.layer_norm, name + ".cross_attention_norm")
        self.linear(spec.ffn.linear_0, name + ".ffn.fc1")
        self.linear(spec.ffn.linear_1, name + ".ffn.fc2")
        self.norm(spec.ffn.layer_norm, name + ".ffn_norm")

    def translator(self, threads):
        with tempfile.TemporaryDirectory() as folder:
            self.spec.validate()
            self.spec.optimize(quantization="float32")
            self.spec.save(folder)
            return ctranslate2.Translator(folder, device="cpu", compute_type="float32", inter_threads=1,
                                          intra_threads=threads)


def compare(sentences, results, penalty, longest, show):
    """How many hypotheses equal ours, and the largest difference of the log probabilities of those.

    At the length limit we force the end and count its probability, CTranslate2 stops without: such are left out of the
    difference.
    """
    equal, apart = 0, 0.0
    for number, (sentence, result) in enumerate(zip(sentences, results), 1):
        theirs = [int(word) for word in result.hypotheses[0]]
        log_probability = result.scores[0] * (len(theirs) + 1) ** penalty
        if theirs == sentence["hypothesis"]:
            equal += 1
            if len(theirs) < longest:
                apart = max(apart, abs(log_probability - sentence["log_probability"]))
        elif show > 0:
            show -= 1
            print(f"{number}: theirs {theirs}, {log_probability:.6f}\n   ours   {sentence['hypothesis']}, "
                  f"{sentence['log_probability']:.6f}", file=sys.stderr)
    return equal, apart


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--hypotheses", type=pathlib.Path, required=True)
    for name, default in dict(beam=1, rows=64, threads=1, repeats=5, show=0).items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--min-length", type=int, default=1)
    parser.add_argument("--max-length", type=int, default=200)
    parser.add_argument("--length-penalty", type=float, default=1.0)
    o = parser.parse_args()
    sentences = [json.loads(line) for line in o.hypotheses.read_text(encoding="utf-8").splitlines()]
    sources = [[str(token) for token in sentence["source"]] for sentence in sentences]
    converter = Converter(o.model)
    translator = converter.translator(o.threads)
    options = dict(beam_size=o.beam, max_batch_size=o.rows, batch_type="examples", length_penalty=o.length_penalty,
                   min_decoding_length=o.min_length, max_decoding_length=o.max_length)
    results = translator.translate_batch(sources, return_scores=True, **options)  # warms up
    times = []
    for _ in range(o.repeats):  # without scores: the greedy choice then needs no normaliser
        start = time.perf_counter()
        translator.translate_batch(sources, **options)
        times.append((time.perf_counter() - start) * 1e3)
    equal, apart = compare(sentences, results, o.length_penalty, o.max_length, o.show)
    tokens = sum(len(result.hypotheses[0]) + 1 for result in results)
    median = statistics.median(times)
    print(json.dumps({
        "peer": "ctranslate2 " + ctranslate2.__version__, "threads": o.threads, "beam": o.beam, "rows": o.rows,
        "sentences": len(sentences), "tokens": tokens, "milliseconds": round(median, 2),
        "milliseconds_min": round(min(times), 2), "milliseconds_max": round(max(times), 2),
        "tokens_per_second": round(tokens / median * 1e3), "equal": equal,
        "log_probabilities_apart": float(f"{apart:.2g}")}))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes tests/golden/translations/expected.json: what sacreBLEU says of the texts beside it, under many options.

Needs sacrebleu 2.6 on NumPy 2 (pip install sacrebleu==2.6.0); part of no build. Scores are full doubles.
usage: score_golden.py > tests/golden/translations/expected.json
"""
import contextlib
import io
import itertools
import json
import logging
import os
import pathlib

import numpy
import sacrebleu
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.significance import PairedTest

logging.getLogger("sacrebleu").setLevel(logging.ERROR)
folder = pathlib.Path(__file__).resolve().parent.parent / "golden" / "translations"
SYSTEMS = ["system.a", "system.b", "system.c"]
REFERENCES = ["reference.a", "reference.b"]


def lines(name):
    return [line.rstrip() for line in (folder / f"{name}.txt").open(encoding="utf-8", newline="\n")]


text = {name: lines(name) for name in SYSTEMS + REFERENCES}


def signature(metric):
    return metric.get_signature().format().rsplit("|version:", 1)[0], metric.get_signature().format(True).rsplit("|v:", 1)[0]


def scored(kind, make, options):
    """Corpus scores of every system against one and both references, and sentence scores of one system."""
    for references in (REFERENCES[:1], REFERENCES):
        refs = [text[r] for r in references]
        for system in SYSTEMS:
            metric = make(**options)
            score = metric.corpus_score(text[system], refs)
            full, short = signature(metric)
            case = {"metric": kind, "options": options, "system": system, "references": references, "name": score.name,
                    "score": float(score.score), "signature": full, "short": short,
                    "line": score.format(2, False, "sig")}
            if system == "system.b":
                case["sentences"] = [float(metric.sentence_score(h, list(r)).score)
                                     for h, *r in zip(text[system], *refs)]
            yield case


def bleu_cases():
    for tok, smooth in itertools.product(["13a", "intl", "char", "zh", "none"], ["exp", "none"]):
        yield {"tokenize": tok, "smooth_method": smooth}
    for smooth, value in [("floor", None), ("floor", 0.01), ("add-k", None), ("add-k", 0.5)]:
        yield {"smooth_method": smooth, "smooth_value": value}
    yield {"lowercase": True}
    yield {"lowercase": True, "effective_order": True, "tokenize": "intl"}
    for order in (1, 2, 3, 5, 6, 9):
        yield {"max_ngram_order": order}
        yield {"max_ngram_order": order, "effective_order": True}


def chrf_cases():
    for words, whitespace, lowercase, eps in itertools.product([0, 2], *[[False, True]] * 3):
        yield {"word_order": words, "whitespace": whitespace, "lowercase": lowercase, "eps_smoothing": eps}
    for chars, words, beta in [(1, 0, 1), (4, 1, 2), (6, 0, 3), (10, 3, 2)]:
        yield {"char_order": chars, "word_order": words, "beta": beta}


def ter_cases():
    names = ["normalized", "no_punct", "asian_support", "case_sensitive"]
    for values in itertools.product([False, True], repeat=4):
        yield dict(zip(names, values))


def result(r):
    return {key: (None if value is None else float(value)) for key, value in r.__dict__.items()}


def significance_cases():
    makers = {"bleu": BLEU, "chrf": CHRF, "ter": TER}
    for (kind, make), references in itertools.product(makers.items(), (REFERENCES[:1], REFERENCES)):
        refs = [text[r] for r in references]
        for seed, samples in [("12345", 200), ("7", 1000), ("123456789012", 41)]:
            os.environ["SACREBLEU_SEED"] = seed
            metric = make()
            score = metric.corpus_score(text["system.a"], refs, n_bootstrap=samples)
            yield {"test": "interval", "metric": kind, "references": references, "system": "system.a", "seed": seed,
                   "samples": samples, "mean": float(score._mean), "half_width": float(score._ci),
                   "signature": signature(metric)[0], "line": score.format(4, False, "sig")}
            for test, trials, resamples in [("bs", samples, -1), ("ar", 3 * samples, -1), ("ar", samples, 50)]:
                paired = PairedTest([(s, text[s]) for s in SYSTEMS], {kind.upper(): make(references=refs)}, None,
                                    test_type=test, n_samples=trials, n_ar_confidence=resamples)
                signatures, scores = paired()
                (name, results), = [item for item in scores.items() if item[0] != "System"]
                yield {"test": test, "metric": kind, "references": references, "systems": SYSTEMS, "seed": seed,
                       "samples": trials, "interval_samples": max(resamples, 0),
                       "signature": signatures[name].format().rsplit("|version:", 1)[0],
                       "results": [result(r) for r in results]}


def main():
    cases = []
    for kind, make, options in (("bleu", BLEU, bleu_cases()), ("chrf", CHRF, chrf_cases()), ("ter", TER, ter_cases())):
        for choice in options:
            cases += scored(kind, make, choice)
    out = {"how": "tests/peers/score_golden.py", "sacrebleu": sacrebleu.__version__, "numpy": numpy.__version__,
           "scores": cases, "tests": list(significance_cases())}
    print(json.dumps(out, ensure_ascii=False, indent=None, separators=(",", ":")).replace('{"metric"', '\n{"metric"').replace(
        '{"test"', '\n{"test"'))


if __name__ == "__main__":
    main()

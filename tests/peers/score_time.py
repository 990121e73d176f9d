#!/usr/bin/env python3
"""Times `mosaic score bleu --confidence` beside sacreBLEU on the same files, as whole processes, in turns.

usage: score_time.py MOSAIC HYPOTHESES REFERENCE [ROUNDS]
Prints one JSON line: seconds and peak memory of both (medians over the rounds), their ratio, and what both print.
"""
import json
import os
import statistics
import subprocess
import sys
import time


def run(command):
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out = child.stdout.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise SystemExit(f"{command} failed")
    return time.monotonic() - start, usage.ru_maxrss * 1024, out


def main():
    mosaic, hypotheses, reference = sys.argv[1:4]
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    commands = {
        "mosaic": [mosaic, "score", "bleu", "-r", reference, hypotheses, "--confidence", "-w", "4"],
        "sacrebleu": [sys.executable, "-m", "sacrebleu", reference, "-i", hypotheses, "-m", "bleu", "--confidence", "-w",
                      "4", "-f", "text", "--force"],
        # Without resampling: what reading and counting alone take.
        "mosaic_plain": [mosaic, "score", "bleu", "-r", reference, hypotheses],
    }
    seconds, memory, printed = {}, {}, {}
    for _ in range(rounds):
        for name, command in commands.items():
            taken, peak, out = run(command)
            seconds.setdefault(name, []).append(taken)
            memory.setdefault(name, []).append(peak)
            printed[name] = out.split(" = ", 1)[-1].strip()
    segments = sum(1 for _ in open(reference, "rb"))
    ratios = [b / a for a, b in zip(seconds["mosaic"], seconds["sacrebleu"])]
    print(json.dumps({
        "segments": segments,
        "seconds": {name: statistics.median(values) for name, values in seconds.items()},
        "peak_bytes": {name: max(values) for name, values in memory.items()},
        "mosaic_bytes_a_segment": max(memory["mosaic"]) / segments,
        "sacrebleu_over_mosaic": statistics.median(ratios),
        "printed": printed,
        "same": printed["mosaic"] == printed["sacrebleu"],
    }, ensure_ascii=False))


if __name__ == "__main__":
    main()

#!/usr/bin/env bash
# Training steps beside PyTorch's, same models, batches and threads, in turns in one run: a Transformer for Multi30k, and
# the largest architecture of the tiny space trained alone. Then supernet updates with a mixture beside updates without,
# in turns in one process.
# [PYTHON=INTERPRETER] apps/reproduce/step_time.sh [ROUNDS] [PAIRS]
# The peer is Debian's python3-torch; PYTHON names an interpreter with another PyTorch that is measured as well.
# Writes results/step_time.json: medians, ratios, memory; those of mixtures with 95% intervals.
. "$(dirname "$0")/common.sh"
need_packages python3-torch libopenblas0-openmp
rounds="${1:-7}" pairs="${2:-60}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
load_before="$(load)"
for _ in $(seq "$rounds"); do
  time_step multi30k step_time.py "" ""
  time_step tiny step_time.py "--space tiny --arch largest --vocabulary 4000" \
    "--embed 160 --qkv 128 --ffn 768 --heads 4 --layers 3 --memory 3 --vocabulary 4000"
done
# 4,096 target tokens an update in the tiny space.
for mixture in layer-wise neuron-wise; do
  "$mosaic" bench overhead --space tiny --mixture $mixture --vocabulary 4000 --rows 128 --length 32 --pairs "$pairs" \
    --json >"$work/$mixture"
done
jq -n --argjson machine "$(machine)" --arg rounds "$rounds" --arg wait "$wait_policy" \
  --argjson loads "[$load_before, $(load)]" --argjson multi30k "$(step_times multi30k)" \
  --argjson tiny "$(step_times tiny)" --slurpfile layer "$work/layer-wise" --slurpfile neuron "$work/neuron-wise" '
  {what: "milliseconds of a training step, medians", machine: $machine, isa: $layer[0].isa,
   rounds: ($rounds | tonumber), omp_wait_policy: $wait, load_average: $loads, multi30k: $multi30k,
   tiny_largest: $tiny, mixture_over_sandwich: {layer_wise: $layer[0], neuron_wise: $neuron[0]}}' \
  | tee "$results/step_time.json"

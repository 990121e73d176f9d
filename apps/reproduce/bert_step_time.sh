#!/usr/bin/env bash
# A masked-language-modelling step of BERT beside PyTorch's, same model, batch and threads, in turns in one run.
# [PYTHON=INTERPRETER] apps/reproduce/bert_step_time.sh [ROUNDS]
# The peer is Debian's python3-torch; PYTHON names an interpreter with another PyTorch that is measured as well.
# Writes results/bert_step_time.json: medians, the medians of the rounds' ratios, memory.
. "$(dirname "$0")/common.sh"
need_packages python3-torch libopenblas0-openmp
rounds="${1:-7}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

load_before="$(load)"
for _ in $(seq "$rounds"); do
  time_step bert bert_step_time.py "--model bert" ""
done
jq -n --argjson machine "$(machine)" --arg rounds "$rounds" --arg wait "$wait_policy" \
  --argjson loads "[$load_before, $(load)]" --argjson bert "$(step_times bert)" '
  {what: "milliseconds of a masked-language-modelling step, medians", machine: $machine, rounds: ($rounds | tonumber),
   omp_wait_policy: $wait, load_average: $loads} + $bert' | tee "$results/bert_step_time.json"

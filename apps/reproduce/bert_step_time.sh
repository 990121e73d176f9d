#!/usr/bin/env bash
# A step of BERT beside PyTorch's, same model, batch and threads, in turns in one run: masked language modelling, and
# fine-tuning on 32 texts of CoLA, of SST-2 and of MRPC.
# [PYTHON=INTERPRETER] apps/reproduce/bert_step_time.sh [ROUNDS]
# The peer is Debian's python3-torch; PYTHON names an interpreter with another PyTorch that is measured as well.
# Writes results/bert_step_time.json: medians, the medians of the rounds' ratios, memory.
. "$(dirname "$0")/common.sh"
need_packages python3-torch libopenblas0-openmp
rounds="${1:-7}"
# Lengths in word pieces (8,000 of them) of texts that were drawn at random from the training sets: of all such batches
# the one whose share of padding is the median. Padded to the longest they are 51, 67 and 35 % padding.
cola=10,13,12,15,10,13,11,11,10,11,21,10,11,13,11,19,22,10,17,12,17,7,17,30,28,19,8,11,8,23,26,19
sst2=7,6,6,15,5,20,9,22,6,18,13,29,37,24,10,39,8,8,16,11,7,7,21,19,47,14,22,5,12,15,15,9
mrpc=93,74,78,78,99,106,53,90,70,86,74,55,66,41,83,55,71,70,66,72,77,82,41,67,61,49,93,56,66,73,37,38
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

load_before="$(load)"
for _ in $(seq "$rounds"); do
  time_step bert bert_step_time.py "--model bert" ""
  time_step cola bert_step_time.py "--model bert --texts $cola" "--texts $cola"
  time_step sst2 bert_step_time.py "--model bert --texts $sst2" "--texts $sst2"
  time_step mrpc bert_step_time.py "--model bert --texts $mrpc" "--texts $mrpc"
done
jq -n --argjson machine "$(machine)" --arg rounds "$rounds" --arg wait "$wait_policy" \
  --argjson loads "[$load_before, $(load)]" --argjson bert "$(step_times bert)" --argjson cola "$(step_times cola)" \
  --argjson sst2 "$(step_times sst2)" --argjson mrpc "$(step_times mrpc)" '
  {what: "milliseconds of a step, medians", machine: $machine, rounds: ($rounds | tonumber), omp_wait_policy: $wait,
   load_average: $loads, masked: $bert, cola: $cola, sst2: $sst2, mrpc: $mrpc}' | tee "$results/bert_step_time.json"

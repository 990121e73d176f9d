#!/usr/bin/env bash
# A masked-language-modelling step of BERT beside PyTorch's, same model, batch and threads, in turns in one run.
# [PYTHON=INTERPRETER] apps/reproduce/bert_step_time.sh [ROUNDS]
# The peer is Debian's python3-torch; PYTHON names an interpreter with another PyTorch that is measured as well.
# Writes results/bert_step_time.json: medians, and the medians of the rounds' ratios.
. "$(dirname "$0")/common.sh"
need_packages python3-torch libopenblas0-openmp
rounds="${1:-5}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
# All of them compute with OpenMP. Waiting threads that sleep lose little in a step this long; threads that spin
# make a busy machine's numbers worthless.
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"
peer="$root/tests/peers/bert_step_time.py"
load() { cut -d' ' -f1 /proc/loadavg; }

load_before="$(load)"
for round in $(seq "$rounds"); do
  for threads in 1 2; do
    "$mosaic" bench step --model bert --threads $threads --steps 5 --json >>"$work/mosaic-$threads"
    debian_torch "$peer" --threads $threads --steps 5 >>"$work/peers-$threads"
    [ -z "${PYTHON:-}" ] || "$PYTHON" "$peer" --threads $threads --steps 5 >>"$work/peers-$threads"
  done
done
jq -n --argjson machine "$(machine)" --arg wait "$OMP_WAIT_POLICY" --argjson loads "[$load_before, $(load)]" \
  --slurpfile m1 "$work/mosaic-1" --slurpfile m2 "$work/mosaic-2" \
  --slurpfile p1 "$work/peers-1" --slurpfile p2 "$work/peers-2" '
  def median: sort | .[length / 2 | floor];
  def ms: [.[].milliseconds] | median;
  # Every round has one run of ours and one of each peer, in the same order.
  def against($ours): group_by(.peer) | map(. as $theirs | {peer: .[0].peer, blas: .[0].blas, milliseconds: ms,
    over_mosaic: ([range($theirs | length) | $theirs[.].milliseconds / $ours[.].milliseconds] | median)});
  if ([($m1 + $m2 + $p1 + $p2)[].parameters] | unique | length) != 1
  then error("the models differ in their number of parameters") else . end |
  {what: "milliseconds of a masked-language-modelling step, medians", machine: $machine, isa: $m1[0].isa,
   parameters: $m1[0].parameters, rounds: ($m1 | length), omp_wait_policy: $wait, load_average: $loads,
   one_thread: {mosaic: ($m1 | ms), peers: ($p1 | against($m1))},
   two_threads: {mosaic: ($m2 | ms), peers: ($p2 | against($m2))}}' \
  | tee "$results/bert_step_time.json"

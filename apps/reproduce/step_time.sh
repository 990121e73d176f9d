#!/usr/bin/env bash
# A training step beside PyTorch's (Debian's python3-torch), same model, batch and threads, in turns in one run; and
# supernet updates with a mixture beside updates without, in turns in one process.
# apps/reproduce/step_time.sh [ROUNDS] [PAIRS]
# Writes results/step_time.json: medians and ratios; those of mixtures with 95% intervals.
. "$(dirname "$0")/common.sh"
need_packages python3-torch libopenblas0-openmp
rounds="${1:-5}" pairs="${2:-60}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-active}"

for round in $(seq "$rounds"); do
  for threads in 1 2; do
    "$mosaic" bench step --threads $threads --steps 5 --json >>"$work/mosaic-$threads"
    debian_torch "$root/tests/peers/step_time.py" --threads $threads --steps 5 >>"$work/torch-$threads"
  done
done
# 4,096 target tokens an update in the tiny space.
for mixture in layer-wise neuron-wise; do
  "$mosaic" bench overhead --space tiny --mixture $mixture --vocabulary 4000 --rows 128 --length 32 --pairs "$pairs" \
    --json >"$work/$mixture"
done
jq -n --argjson machine "$(machine)" \
  --slurpfile m1 "$work/mosaic-1" --slurpfile m2 "$work/mosaic-2" --slurpfile t1 "$work/torch-1" \
  --slurpfile t2 "$work/torch-2" --slurpfile layer "$work/layer-wise" --slurpfile neuron "$work/neuron-wise" '
  def median: sort | .[length / 2 | floor];
  def ms: [.[].milliseconds] | median;
  def ratios($a; $b): [range($a | length) | $a[.].milliseconds / $b[.].milliseconds] | median;
  {what: "milliseconds of a training step, medians", machine: $machine, peer: $t1[0].peer,
   one_thread: {mosaic: ($m1 | ms), torch: ($t1 | ms), torch_over_mosaic: ratios($t1; $m1)},
   two_threads: {mosaic: ($m2 | ms), torch: ($t2 | ms), torch_over_mosaic: ratios($t2; $m2)},
   mixture_over_sandwich: {layer_wise: $layer[0], neuron_wise: $neuron[0]}}' \
  | tee "$results/step_time.json"

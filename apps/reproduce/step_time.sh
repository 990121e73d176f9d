#!/usr/bin/env bash
# A training step beside PyTorch's (Debian's python3-torch), same model, batch and threads, in turns in one run; and a
# supernet update with a mixture beside one without. apps/reproduce/step_time.sh [ROUNDS]
# Writes results/step_time.json: medians over rounds and their ratios.
. "$(dirname "$0")/common.sh"
need_packages python3-torch
rounds="${1:-5}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-active}"

for round in $(seq "$rounds"); do
  for threads in 1 2; do
    "$mosaic" bench step --threads $threads --steps 5 --json >>"$work/mosaic-$threads"
    /usr/bin/python3 "$root/tests/peers/step_time.py" --threads $threads --steps 5 >>"$work/torch-$threads"
  done
  # 4,096 target tokens an update in the tiny space.
  for mixture in none layer-wise neuron-wise; do
    "$mosaic" bench step --space tiny --mixture $mixture --vocabulary 4000 --rows 128 --length 32 --steps 5 --json \
      >>"$work/tiny-$mixture"
  done
done
jq -n --argjson machine "$(machine)" \
  --slurpfile m1 "$work/mosaic-1" --slurpfile m2 "$work/mosaic-2" --slurpfile t1 "$work/torch-1" \
  --slurpfile t2 "$work/torch-2" --slurpfile none "$work/tiny-none" --slurpfile layer "$work/tiny-layer-wise" \
  --slurpfile neuron "$work/tiny-neuron-wise" '
  def median: sort | .[length / 2 | floor];
  def ms: [.[].milliseconds] | median;
  def ratios($a; $b): [range($a | length) | $a[.].milliseconds / $b[.].milliseconds] | median;
  {what: "milliseconds of a training step, medians over rounds", machine: $machine, peer: $t1[0].peer,
   one_thread: {mosaic: ($m1 | ms), torch: ($t1 | ms), torch_over_mosaic: ratios($t1; $m1)},
   two_threads: {mosaic: ($m2 | ms), torch: ($t2 | ms), torch_over_mosaic: ratios($t2; $m2)},
   supernet_update: {sandwich: ($none | ms), layer_wise: ($layer | ms), neuron_wise: ($neuron | ms),
                     layer_wise_over_sandwich: ratios($layer; $none), neuron_wise_over_sandwich: ratios($neuron; $none)}}' \
  | tee "$results/step_time.json"

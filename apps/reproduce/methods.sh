#!/usr/bin/env bash
# Five ways to train a supernet of the nano space on the default corpus, one seed, equal updates:
#   apps/reproduce/methods.sh CORPUS_ROOT [UPDATES]
# CORPUS_ROOT is where the LibreOffice help packages lie unpacked (apps/quickstart.sh puts them in build/corpus/root).
# For each: validation losses (largest, smallest, mean of ten random), BLEU of the architecture its search finds
# under the same parameter limit, and the diagnostics of its mixture. Writes results/methods.json. Resumable.
. "$(dirname "$0")/common.sh"
corpus="${1:?where the LibreOffice help packages lie unpacked}"
updates="${2:-1500}"
data="$runs/nano-data" out="$runs/nano-$updates"
methods=(hat sandwich layer-wise neuron-wise fixed-input)
mkdir -p "$out"

[ -e "$data/data.json" ] || "$mosaic" data prepare --source libreoffice-help --root "$corpus" --vocabulary 2000 --out "$data"
for method in "${methods[@]}"; do
  run="$out/$method"
  [ -e "$run.json" ] && continue
  "$mosaic" train --recipe nano --method "$method" --set "training.updates=$updates" --data "$data" --out "$run" \
    --resume --json >"$run.train.json"
  "$mosaic" analyze routing --run "$run" --data "$data" >"$run.analysis.json"
  "$mosaic" search --run "$run" --data "$data" --method exhaustive --constraint "parameters<=140000" \
    --valid-examples 300 --measurements 0 --out "$run-search" --resume --json >"$run.search.json"
  "$mosaic" evaluate --run "$run" --arch "$run-search" --data "$data" --json >"$run.test.json"
  jq -n --arg method "$method" --slurpfile train "$run.train.json" --slurpfile analysis "$run.analysis.json" \
    --slurpfile search "$run.search.json" --slurpfile test "$run.test.json" '{
      method: $method, updates: $train[0].steps, seconds: $train[0].seconds,
      loss: {largest: $analysis[0].validation.largest, smallest: $analysis[0].validation.smallest,
             random_mean: $analysis[0].validation.random_mean},
      searched: {arch: $search[0].best, loss: $search[0].score, bleu: $test[0].bleu, sacrebleu: $test[0].sacrebleu},
      alpha_variance: $analysis[0].mixture.alpha_variance,
      expert_distance: $analysis[0].mixture.expert_distance,
      saturated: $analysis[0].mixture.saturated,
      routing: $analysis[0].routing,
      route_swap: {largest: $analysis[0].route_swap_largest, smallest: $analysis[0].route_swap_smallest}
    }' >"$run.json"
done
jq -n --argjson machine "$(machine)" --slurpfile rows <(for method in "${methods[@]}"; do cat "$out/$method.json"; done) \
  '{what: "supernets of the nano space on LibreOffice help, En-De, one seed", machine: $machine, rows: $rows}' \
  >"$results/methods.json"
jq -r '.rows[] | [.method, .loss.largest, .loss.smallest, .loss.random_mean, .searched.bleu, .seconds] | @tsv' "$results/methods.json"

#!/usr/bin/env bash
# Do BERT supernets rank architectures as their standalone trainings do? Eight architectures of
# bert-homogeneous-nano, each trained alone, against a sandwich and a neuron-wise supernet, all with the same
# updates, rates and data:
#   apps/reproduce/bert_ranking.sh TEXT [UPDATES]
# TEXT is a file of English sentences, plain or .gz, documents parted by blank lines. Writes
# results/bert_ranking.json: losses, Kendall's tau-b of the supernets and of the rankings by size. Resumable.
. "$(dirname "$0")/common.sh"
text="${1:?a file of English text}"
updates="${2:-3000}"
data="$runs/bert/text-nano" out="$runs/bert/nano-$updates"
mkdir -p "$out"
# Two jobs of one thread each use two cores better than one job of two.
jobs="${JOBS:-2}"

[ -e "$data/data.json" ] || "$mosaic" data mlm --text "$text" --vocabulary 4000 --length 64 --out "$data"

# hidden heads ratio: spread over the sizes, with neighbours in size that differ in shape.
archs=("60 3 2" "60 6 4" "72 6 3" "84 3 4" "96 6 2" "96 3 4" "108 6 2" "120 3 4")
train() { # NAME MORE...
  local name="$1"
  shift
  [ -e "$out/$name.train.json" ] && return
  "$mosaic" train --recipe bert-nano --data "$data" --out "$out/$name" --resume --threads 1 --json \
    --set "training.updates=$updates" "$@" >"$out/$name.part" 2>"$out/$name.log"
  mv "$out/$name.part" "$out/$name.train.json"
}

begin=$SECONDS
running() { while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done; }
for method in sandwich neuron-wise; do
  running
  train "$method" --method "$method" &
done
alone=()
for arch in "${archs[@]}"; do
  read -r hidden heads ratio <<<"$arch"
  name="alone-$hidden-$heads-$ratio"
  alone+=(--alone "$out/$name")
  printf '{"hidden": %s, "heads": %s, "ratio": %s, "layers": 4}\n' "$hidden" "$heads" "$ratio" >"$out/$name.arch.json"
  running
  train "$name" --method standalone --set "model.arch=$out/$name.arch.json" &
done
wait
for method in sandwich neuron-wise; do
  "$mosaic" analyze ranking --run "$out/$method" --data "$data" "${alone[@]}" --valid-examples 0 >"$out/$method.ranking.json"
done
jq -n --argjson machine "$(machine)" --argjson updates "$updates" --arg seconds "$((SECONDS - begin))" \
  --slurpfile sandwich "$out/sandwich.ranking.json" --slurpfile neuron "$out/neuron-wise.ranking.json" \
  --slurpfile trained <(cat "$out"/*.train.json) '{
    what: "eight architectures of bert-homogeneous-nano alone and by two supernets, one seed",
    machine: $machine, updates: $updates, training_seconds: ([$trained[].seconds] | add),
    script_seconds: ($seconds | tonumber), sandwich: $sandwich[0], neuron_wise: $neuron[0]}' \
  >"$results/bert_ranking.json"
jq -r '(.sandwich.rows[] | [(.arch | tostring), .parameters, .alone, .supernet] | @tsv),
  (.sandwich.tau, .neuron_wise.tau | tostring)' "$results/bert_ranking.json"

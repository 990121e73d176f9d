#!/usr/bin/env bash
# BERT supernets pretrained for a while, what their mixture does, the best architecture under a size, and that one,
# trained further on longer text, on GLUE against the same network from random initialisation:
#   MOSAIC_DATA=DIR apps/reproduce/bert.sh [MINUTES]
# DIR has mlm/books.sent.txt.gz, mlm/us-speeches.sent.txt.gz and glue/{CoLA,SST-2,MRPC,RTE}. Sandwich and neuron-wise
# supernets of bert-homogeneous-tiny train side by side, one thread each, for twice MINUTES (of two cores: MINUTES each;
# default 40), on sequences of 32 tokens: at 128 such models stay ten times longer on the plateau of the words'
# frequencies. The extracted model goes on alone with one thread, at 64 tokens for 2 MINUTES and at 128 for a tenth of
# that. Writes results/bert.json, with $NOTE in it. Resumable.
. "$(dirname "$0")/common.sh"
: "${MOSAIC_DATA:?the folder with mlm/ and glue/}"
minutes="${1:-40}"
out="$runs/bert" data="$runs/bert/text"
mkdir -p "$out"

text() { # OUT MORE...
  [ -e "$1/data.json" ] || "$mosaic" data mlm --text "$MOSAIC_DATA/mlm/books.sent.txt.gz" \
    --text "$MOSAIC_DATA/mlm/us-speeches.sent.txt.gz" --out "$@"
}
text "$data" --vocabulary 8000 --length 32
for length in 64 128; do text "$data-$length" --vocab "$data/vocab.txt" --length $length; done

for method in sandwich neuron-wise; do
  run="$out/tiny-$method"
  [ -s "$run.out" ] || "$mosaic" train --recipe bert-tiny --method $method --data "$data" --out "$run" --resume \
    --threads 1 --max-time "$((2 * minutes))m" --set training.updates=100000 --set training.schedule_by_time=true \
    --set training.validate_every=500 --set batches.rows=32 --set batches.valid_sequences=1024 --json >"$run.out" 2>"$run.err" &
done
wait
for method in sandwich neuron-wise; do
  run="$out/tiny-$method"
  [ -e "$run.routing.json" ] || { "$mosaic" analyze routing --run "$run" --data "$data" --valid-examples 2048 \
    >"$run.part" && mv "$run.part" "$run.routing.json"; }
  # Both supernets' losses of every architecture of the space, on the same masks.
  "$mosaic" search --run "$run" --data "$data" --method exhaustive --constraint 'parameters<=1.75e6' \
    --valid-examples 1024 --out "$run-search" --resume --json >"$run.search.json"
done

model="$out/model"
[ -e "$model/config.json" ] ||
  "$mosaic" extract --run "$out/tiny-neuron-wise" --arch "$out/tiny-neuron-wise-search" --out "$model" --json >"$model.json"
further() { # LENGTH MODEL SECONDS PEAK WARMUP ROWS
  local run="$out/further-$1"
  [ -s "$run.json" ] || { "$mosaic" finetune --model "$2" --data "$data-$1" --out "$run" --resume --threads 1 \
    --max-time "${3}s" --set training.updates=1000000 --set training.schedule_by_time=true --set dropout=0 \
    --set "training.schedule.peak=$4" --set "training.schedule.warmup_updates=$5" --set training.validate_every=1000 \
    --set "batches.rows=$6" --set "batches.valid_sequences=$((32 * $6))" --json >"$run.part" && mv "$run.part" "$run.json"; }
}
further 64 "$model" $((minutes * 120)) 0.001 200 32
further 128 "$out/further-64/model" $((minutes * 12)) 0.0005 100 16
glue() { # NAME MODEL MORE...
  local name="$1" from="$2"
  shift 2
  "$mosaic" finetune glue --model "$from" --glue "$MOSAIC_DATA/glue" --out "$out/glue-$name" --resume --seeds 3 \
    --batch 32 --lr 3e-4 --save-model none --json "$@" >"$out/glue-$name.json"
}
for start in pretrained random; do
  from="$out/further-128/model" more=()
  [ $start = random ] && from="$model" more=(--random-init)
  glue "$start" "$from" --task cola --task mrpc --task rte --epochs 3 "${more[@]}"
  glue "$start-sst-2" "$from" --task sst-2 --epochs 1 "${more[@]}"
done
jq -n --argjson machine "$(machine)" --argjson minutes "$minutes" \
  --slurpfile sandwich "$out/tiny-sandwich.out" --slurpfile neuron "$out/tiny-neuron-wise.out" \
  --slurpfile sandwich_routing "$out/tiny-sandwich.routing.json" \
  --slurpfile neuron_routing "$out/tiny-neuron-wise.routing.json" \
  --slurpfile sandwich_search "$out/tiny-sandwich.search.json" --slurpfile neuron_search "$out/tiny-neuron-wise.search.json" \
  --slurpfile sandwich_log "$out/tiny-sandwich/log.jsonl" --slurpfile neuron_log "$out/tiny-neuron-wise/log.jsonl" \
  --slurpfile extracted "$model.json" --slurpfile further_64 "$out/further-64.json" --slurpfile further_128 "$out/further-128.json" \
  --slurpfile pretrained <(cat "$out/glue-pretrained.json" "$out/glue-pretrained-sst-2.json") \
  --slurpfile random <(cat "$out/glue-random.json" "$out/glue-random-sst-2.json") '
  # MLM loss of the largest and the smallest architecture over updates and time.
  def curve: [.[] | select(.event == "validation") | {update, seconds: (.seconds | round),
    largest: ([.entries[] | select(.kind == "largest").nll][0]), smallest: ([.entries[] | select(.kind == "smallest").nll][0]),
    random: ([.entries[] | select(.kind == "random").nll] | add / length)}];
  def glue: [.[].tasks[] | {task, start, setting: .best.name, sets: .best.sets, seconds,
    runs: [.settings[0].seeds[] | {seed, scores}]}];
  def supernet($train; $routing; $search; $log): {
    updates: $train.steps, seconds: $train.seconds, tokens_per_second: $train.tokens_per_second,
    losses: $routing.validation, mixture: ($routing.mixture // null | if . then del(.blocks) else . end),
    routing: $routing.routing, route_swap: {largest: $routing.route_swap_largest, smallest: $routing.route_swap_smallest},
    best: {arch: $search.best, loss: $search.score, perplexity: $search.perplexity, parameters: $search.parameters},
    curve: ($log | curve)};
  {what: "supernets of bert-homogeneous-tiny on books and speeches, one seed; GLUE with three", machine: $machine,
   minutes_of_two_cores: $minutes, note: (env.NOTE // null),
   sandwich: supernet($sandwich[0]; $sandwich_routing[0]; $sandwich_search[0]; $sandwich_log),
   neuron_wise: supernet($neuron[0]; $neuron_routing[0]; $neuron_search[0]; $neuron_log),
   model: ($extracted[0] | del(.model)), further: [{length: 64, run: $further_64[0]}, {length: 128, run: $further_128[0]} | .run |= del(.model, .checkpoint, .diagnostics)], glue: {pretrained: ($pretrained | glue), random: ($random | glue)}}' >"$results/bert.json"

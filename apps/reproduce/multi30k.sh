#!/usr/bin/env bash
# The standalone Transformer-Tiny on Multi30k English-German (Wu et al., ACL 2021), with a time limit:
#   MOSAIC_DATA=DIR apps/reproduce/multi30k.sh [60m]
# Writes results/multi30k-60m.json: BLEU of test2016 (white-space tokens, lower-cased text, beam 5, average of the
# last ten checkpoints) and the learning curve. With 600m it runs to its end: when ten epochs in a row have not
# improved the validation loss, or after 8,000 updates. Stopped, it goes on where it was; the time limit counts
# training only.
. "$(dirname "$0")/common.sh"
limit="${1:-60m}"
text="${MOSAIC_DATA:?names the folder with multi30k/tok}/multi30k/tok"
data="$runs/multi30k-data" run="$runs/multi30k-$limit"

[ -e "$data/data.json" ] || "$mosaic" data prepare --train "$text/train.lc.norm.tok" --valid "$text/val.lc.norm.tok" \
  --test "$text/test_2016_flickr.lc.norm.tok" --vocabulary 9700 --out "$data"
"$mosaic" train --recipe multi30k-tiny --data "$data" --out "$run" --max-time "$limit" --resume --json >"$run.train.json"
"$mosaic" evaluate --model "$run/model" --data "$data" --split test --beam 5 --json >"$run.test.json"

jq -n --argjson machine "$(machine)" --arg limit "$limit" --slurpfile train "$run.train.json" \
  --slurpfile test "$run.test.json" --slurpfile log "$run/log.jsonl" '{
    what: "Transformer-Tiny, Multi30k En-De, test2016", limit: $limit, machine: $machine,
    bleu: $test[0].bleu, sacrebleu: $test[0].sacrebleu, signature: $test[0].signature, loss: $test[0].loss,
    training: ($train[0] | del(.checkpoint, .diagnostics)),
    curve: [$log[] | select(.event == "validation") | {update, seconds, score}]
  }' >"$results/multi30k-$limit.json"
jq -c '{bleu, limit, seconds: .training.seconds, tokens_per_second: .training.tokens_per_second}' "$results/multi30k-$limit.json"

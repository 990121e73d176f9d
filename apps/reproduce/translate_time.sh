#!/usr/bin/env bash
# Translation beside CTranslate2 (float32): the same weights, sentences, beam and threads, in turns in one run.
# PYTHON=INTERPRETER MOSAIC_DATA=DIR apps/reproduce/translate_time.sh MODEL [ROUNDS]
# MODEL is a static model directory of Multi30k English-German that CTranslate2 can express (apps/reproduce/multi30k.sh
# makes one); PYTHON has ctranslate2, numpy and safetensors. Sentences are test2016's: all of them 64 at a time, the first
# 100 one at a time. Each round runs both for every setting, ours first and theirs first in turns.
# Writes results/translate_time.json: medians, medians and ranges of the rounds' ratios, and how many translations are
# equal.
. "$(dirname "$0")/common.sh"
model="${1:?a static model directory}" rounds="${2:-7}"
python="${PYTHON:?an interpreter with ctranslate2}"
input="${MOSAIC_DATA:?names the folder with multi30k/tok}/multi30k/tok/test_2016_flickr.lc.norm.tok.en.gz"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

settings=()
for threads in 1 2; do
  for beam in 1 4; do settings+=("$threads $beam 1 100 3" "$threads $beam 64 1000 1"); done
done
load_before="$(load)"
for round in $(seq "$rounds"); do
  for setting in "${settings[@]}"; do
    read -r threads beam rows sentences repeats <<<"$setting"
    ours() {
      "$mosaic" bench translate --model "$model" --input "$input" --sentences "$sentences" --beam "$beam" --rows "$rows" \
        --threads "$threads" --repeats "$repeats" --hypotheses "$work/hypotheses-$beam-$rows" --json >>"$work/mosaic"
    }
    theirs() {
      "$python" "$root/tests/peers/translate_time.py" --model "$model" --hypotheses "$work/hypotheses-$beam-$rows" \
        --beam "$beam" --rows "$rows" --threads "$threads" --repeats "$repeats" >>"$work/peer"
    }
    # The peer needs our sources, so ours is the first of the first round.
    if ((round % 2)); then ours && theirs; else theirs && ours; fi
  done
done
jq -n --argjson machine "$(machine)" --arg wait "$wait_policy" --argjson loads "[$load_before, $(load)]" \
  --slurpfile ours "$work/mosaic" --slurpfile theirs "$work/peer" '
  def median: sort | .[length / 2 | floor];
  def setting: {threads, beam, rows, sentences};
  [range($ours | length) | {key: ($ours[.] | setting), ours: $ours[.], theirs: $theirs[.]}] as $pairs |
  if any($pairs[]; .key != (.theirs | setting)) then error("the runs do not pair") else . end |
  {what: "milliseconds of translating Multi30k test2016, medians", machine: $machine, isa: $ours[0].isa,
   peer: $theirs[0].peer, omp_wait_policy: $wait, load_average: $loads,
   settings: ($pairs | group_by(.key) | map(
     ([.[] | .theirs.milliseconds / .ours.milliseconds]) as $ratios |
     .[0].key + {rounds: length, tokens: .[0].ours.tokens, equal_translations: .[0].theirs.equal,
       log_probabilities_apart: ([.[].theirs.log_probabilities_apart] | max),
       mosaic: ([.[].ours.milliseconds] | median), mosaic_tokens_per_second: ([.[].ours.tokens_per_second] | median | round),
       mosaic_peak_bytes: ([.[].ours.peak_bytes] | max),
       peer: ([.[].theirs.milliseconds] | median), peer_over_mosaic: ($ratios | median),
       peer_over_mosaic_range: [($ratios | min), ($ratios | max)]}))}' \
  | tee "$results/translate_time.json"

#!/usr/bin/env bash
# How the cost of a training update grows with rows, length, width, depth and experts, with one thread and with two:
# apps/reproduce/scaling.sh [ROUNDS]
# Writes results/scaling.json and results/scaling.svg.
. "$(dirname "$0")/common.sh"
load_before="$(load)"
"$mosaic" bench scaling --rounds "${1:-7}" --svg "$results/scaling.svg" --json |
  jq --argjson machine "$(machine)" --arg wait "$wait_policy" --argjson before "$load_before" '
    {what: "milliseconds of a training update against its sizes, medians", machine: $machine, omp_wait_policy: $wait,
     load_average_before: $before} + .' | tee "$results/scaling.json"

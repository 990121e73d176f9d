#!/usr/bin/env bash
# Fuzzes the readers, tokenizers and metrics of text for a number of seconds, with address and undefined-behaviour
# sanitizers: tests/fuzz/run.sh [SECONDS]. What is found is kept in build/fuzz/findings; the inputs grow in
# build/fuzz/corpus, so that the next run goes on from there.
set -euo pipefail
cd "$(dirname "$0")/../.."
. third_party/packages.sh
need_packages "${MOSAIC_PACKAGES[@]}" clang libclang-rt-14-dev libomp-14-dev
seconds="${1:-600}"
cmake -S . -B build/fuzz -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER=clang++ -DMOSAIC_FUZZ=ON \
  -DMOSAIC_APPS=OFF -DMOSAIC_TESTS=OFF -DMOSAIC_SANITIZE=fuzzer-no-link,address,undefined >/dev/null
cmake --build build/fuzz --target score_fuzz
mkdir -p build/fuzz/corpus build/fuzz/findings
# Seeds: the golden texts, once for every thing a first byte can choose.
for mode in 0 1 2 3 4 5; do
  for text in tests/golden/translations/*.txt; do
    { printf "\\x0$mode\\x05"; cat "$text"; } >"build/fuzz/corpus/seed-$mode-$(basename "$text")"
  done
done
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
build/fuzz/tests/fuzz/score_fuzz -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
  -print_final_stats=1 -artifact_prefix=build/fuzz/findings/ build/fuzz/corpus

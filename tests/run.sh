#!/usr/bin/env bash
# Every test, from a fresh clone on a bare Debian 12: installs what is missing, builds, checks the house rules
# and runs ctest. MOSAIC_DATA names a folder with the development corpora; tests that want it are skipped with a
# line when it is unset.
set -euo pipefail
cd "$(dirname "$0")/.."
. third_party/packages.sh
need_packages "${MOSAIC_PACKAGES[@]}" doctest-dev clang-format

tests/check_format.sh
tests/check_layers.sh
cmake -S . -B build/release -G Ninja -DCMAKE_BUILD_TYPE=Release -DMOSAIC_WERROR=ON \
  -DMOSAIC_TESTS=ON -DMOSAIC_APPS=ON >/dev/null
cmake --build build/release
ctest --test-dir build/release --output-on-failure -j "$(nproc)" "$@" | tee build/ctest.log
# A closing line any reader of the log can count on.
summary=$(sed -nE 's/^.*, ([0-9]+) tests failed out of ([0-9]+)$/\1 \2/p' build/ctest.log)
read -r failed total <<<"$summary"
echo "$((total - failed)) passed, $failed failed"

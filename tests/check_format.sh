#!/usr/bin/env bash
# Every C++ file is as clang-format (with the project's style) would write it.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t files < <(find engine nn mos nas data checks apps tests -name '*.h' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh' | sort)
clang-format --dry-run --Werror "${files[@]}"

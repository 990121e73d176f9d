#!/usr/bin/env bash
# No kernel spills registers or keeps a stack frame:
#   ptxas.sh NVCC PROJECT FILE.CU... -- OBJECT.O...
# Objects with a log of ptxas beside them (engine/cuda/ptxas_log.sh) are taken at its word; MOSAIC_PTXAS="75 90 ..."
# compiles the files for those architectures instead. Allowed is what CUDA's own sin and cos keep for large arguments.
set -euo pipefail
nvcc=$1 project=$2
shift 2
files=()
while [ "$1" != -- ]; do
  files+=("$1")
  shift
done
shift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
kernels=0 status=0
check() { # LOG NAME
  # Lines come in pairs: the function's name, then "N bytes stack frame, N bytes spill stores, ...".
  awk '/Function properties for/ { name = $NF; next }
       /bytes stack frame/ { if ($1 + $5 + $9 > 0) print name, $0; else print "ok" }' "$1" >"$scratch/sizes"
  [ -s "$scratch/sizes" ] || { echo "$2: ptxas said nothing" >&2; status=1; }
  kernels=$((kernels + $(wc -l <"$scratch/sizes")))
  if grep -v '^ok$' "$scratch/sizes" | grep -vE '^_Z.*gpu(11each_kernel|12spans_kernel)INS1_11MapElementsILi[0-9]+ENS1_(9BackwardsINS1_)?3(Sin|Cos)I' |
    grep -v '^__internal_' >"$scratch/bad"; then
    echo "$2:" >&2
    c++filt <"$scratch/bad" >&2
    status=1
  fi
}
if [ -z "${MOSAIC_PTXAS:-}" ] && [ -e "$1.ptxas" ]; then
  for object in "$@"; do check "$object.ptxas" "$(basename "$object")"; done
else
  for arch in ${MOSAIC_PTXAS:-80}; do
    for file in "${files[@]}"; do
      "$nvcc" -std=c++20 -O3 -DMOSAIC_ISA=gpu -I"$project" -diag-suppress=1675 -arch="sm_$arch" -cubin -Xptxas -v \
        -o "$scratch/kernels.cubin" "$file" 2>"$scratch/log" || { cat "$scratch/log" >&2; exit 1; }
      check "$scratch/log" "$(basename "$file"), sm_$arch"
    done
  done
fi
echo "$kernels functions"
exit $status

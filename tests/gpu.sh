#!/usr/bin/env bash
# For those who have an NVIDIA GPU, meant for ten minutes: builds the program for it, checks every op, products, memory
# and training against the CPU (mosaic selftest --level full), runs the quick level under compute-sanitizer's four
# tools, and times training updates. Prints a summary and writes REPORT, one JSON object to attach to an issue.
#
# tests/gpu.sh [DEVICE [REPORT]]: cuda:0 and build/gpu/report.json unless given. MOSAIC=PROGRAM takes a program that is
# built already. Exit code 1 when there is nothing to run on or something failed.
set -euo pipefail
cd "$(dirname "$0")/.."
device="${1:-cuda:0}" report="${2:-build/gpu/report.json}"

refuse() {
  echo "tests/gpu.sh: $1" >&2
  exit 1
}
export PATH="$PATH:${CUDA_HOME:-/usr/local/cuda}/bin"
command -v nvidia-smi >/dev/null || refuse "no NVIDIA driver: nvidia-smi is not there; without a GPU the tests run in the simulator (tests/run.sh)"
nvidia-smi -L | grep -q '^GPU' || refuse "no GPU: nvidia-smi lists none"
command -v compute-sanitizer >/dev/null || refuse "compute-sanitizer is not there; it comes with the CUDA toolkit (cuda-sanitizer-13-0)"

mosaic="${MOSAIC:-}"
if [ -z "$mosaic" ]; then
  command -v nvcc >/dev/null || refuse "nvcc is not there; CUDA 13 is needed to build"
  . third_party/packages.sh
  need_packages "${MOSAIC_PACKAGES[@]}"
  cmake -S . -B build/gpu -G Ninja -DCMAKE_BUILD_TYPE=Release -DMOSAIC_TESTS=OFF -DMOSAIC_CUDA=ON \
    -DMOSAIC_CUDA_ARCHITECTURES=native -DCMAKE_CUDA_FLAGS=-lineinfo >/dev/null
  cmake --build build/gpu --target mosaic >&2
  mosaic=build/gpu/apps/mosaic
fi
mkdir -p "$(dirname "$report")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
status=0

# step NAME COMMAND...: runs it with its output in files and notes how it ended.
step() {
  local name="$1" begin=$SECONDS code=0
  shift
  timeout 300 "$@" >"$scratch/$name.out" 2>"$scratch/$name.err" || code=$?
  echo "$code" >"$scratch/$name.code"
  printf '%-12s %-8s %4d s\n' "$name" "$([ $code -eq 0 ] && echo ok || echo "FAILED $code")" $((SECONDS - begin))
  [ $code -eq 0 ] || { status=1; tail -n 15 "$scratch/$name.err" "$scratch/$name.out" | cut -c1-400 >&2; }
}
# The last line of a step's output when it is JSON, else null.
json_of() {
  local line
  line=$(tail -n 1 "$scratch/$1.out" 2>/dev/null || true)
  case "$line" in '{'*'}') printf '%s' "$line" ;; *) printf 'null' ;; esac
}

nvidia-smi -L
"$mosaic" --version
step selftest "$mosaic" selftest --device "$device" --level full --json
tools=(memcheck racecheck synccheck initcheck)
for tool in "${tools[@]}"; do
  step "$tool" compute-sanitizer --tool "$tool" --error-exitcode 99 "$mosaic" selftest --device "$device" --level quick -q
done
# Training updates: a Transformer and a BERT of the README's sizes, and a supernet with a mixture.
benches=(transformer bert mixture)
step transformer "$mosaic" bench step --device "$device" --steps 30 --json
step bert "$mosaic" bench step --model bert --device "$device" --steps 30 --json
step mixture "$mosaic" bench step --space tiny --mixture neuron-wise --vocabulary 4000 --device "$device" --steps 30 --json

{
  printf '{"selftest": %s, "sanitizer": {' "$(json_of selftest)"
  for i in "${!tools[@]}"; do
    summary=$(grep -h 'ERROR SUMMARY\|RACECHECK SUMMARY' "$scratch/${tools[$i]}".{out,err} | tail -n 1 | tr -d '"\\' || true)
    printf '%s"%s": {"exit_code": %s, "summary": "%s"}' "$([ "$i" -eq 0 ] || echo ', ')" "${tools[$i]}" \
      "$(cat "$scratch/${tools[$i]}.code")" "$summary"
  done
  printf '}, "bench": {'
  for i in "${!benches[@]}"; do
    printf '%s"%s": %s' "$([ "$i" -eq 0 ] || echo ', ')" "${benches[$i]}" "$(json_of "${benches[$i]}")"
  done
  printf '}, "seconds": %d}\n' "$SECONDS"
} >"$report"

echo
for bench in "${benches[@]}"; do
  speed=$(json_of "$bench" | sed -nE 's/.*"tokens_per_second":([0-9]+).*/\1/p')
  printf '%-12s %s tokens/s\n' "$bench" "${speed:-none}"
done
echo "$([ $status -eq 0 ] && echo "everything held" || echo "something FAILED") in $SECONDS s; $report is for an issue"
exit $status

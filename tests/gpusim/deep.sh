#!/usr/bin/env bash
# Everything that runs on the simulator, in every way in which it can run: blocks forward, in reverse and
# shuffled, streams eager and deferred, one and two workers, all checks on. cuda_tests, `mosaic-sim selftest` and
# gpusim_selfcheck_tests in 12 ways each; a table at the end, exit code 1 when one failed.
#
#   tests/gpusim/deep.sh [BUILD]     a build folder with tests and apps; build/release
#
# Outputs and results stay in BUILD/deep. A run that passed is not repeated with the same program, so that the
# script goes on where it was stopped; GPUSIM_SEED is the seed of the shuffled order.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build/release}
folder=$build/deep
seed=${GPUSIM_SEED:-1}
mkdir -p "$folder"

declare -A program=(
  [cuda_tests]="$build/tests/cuda/cuda_tests"
  [selftest]="$build/tests/cuda/mosaic-sim selftest --device cuda"
  [selfcheck]="$build/tests/gpusim/selfcheck/gpusim_selfcheck_tests"
)
for name in "${!program[@]}"; do
  if [[ ! -x ${program[$name]%% *} ]]; then
    echo "deep: there is no ${program[$name]%% *}: build the tests with CUDA, or name another build folder" >&2
    exit 2
  fi
done

# run NAME ORDER STREAMS WORKERS: writes "RESULT WALL PROCESSOR DIGEST" to the run's file.
run() {
  local name=$1 order=$2 streams=$3 workers=$4
  local key=$name-$order-$streams-$workers digest result=passed
  [[ $order == shuffled ]] && key+=-$seed
  digest=$(sha256sum "${program[$name]%% *}" | cut -c1-16)
  if [[ -f $folder/$key ]] && grep -q "^passed .* $digest\$" "$folder/$key"; then return; fi
  local TIMEFORMAT='%R %U %S'
  {
    time env GPUSIM_CHECKS=1 GPUSIM_ORDER="$order" GPUSIM_SEED="$seed" GPUSIM_WORKERS="$workers" \
      GPUSIM_DEFERRED=$([[ $streams == deferred ]] && echo 1 || echo 0) \
      ${program[$name]} >"$folder/$key.log" 2>&1 || result=FAILED
  } 2>"$folder/$key.time"
  [[ $result == passed ]] || { echo "failed: $key, the end of $folder/$key.log:"; tail -n 20 "$folder/$key.log"; }
  awk -v result=$result -v digest="$digest" '{printf "%s %.1f %.1f %s\n", result, $1, $2 + $3, digest}' \
    "$folder/$key.time" >"$folder/$key.part"
  rm "$folder/$key.time"
  mv "$folder/$key.part" "$folder/$key"
}

failed=0 total=0
table=$(printf '%-12s %-9s %-9s %7s  %-7s %8s %10s' program order streams workers result seconds processor)
for name in selfcheck selftest cuda_tests; do
  for order in forward reverse shuffled; do
    for streams in eager deferred; do
      for workers in 1 2; do
        run $name $order $streams $workers
        key=$name-$order-$streams-$workers
        [[ $order == shuffled ]] && key+=-$seed
        read -r result wall processor _ <"$folder/$key"
        table+=$(printf '\n%-12s %-9s %-9s %7s  %-7s %8s %10s' $name $order $streams $workers $result $wall $processor)
        total=$((total + 1))
        [[ $result == passed ]] || failed=$((failed + 1))
      done
    done
  done
done
echo "$table"
echo "$((total - failed)) passed, $failed failed"
[[ $failed == 0 ]]

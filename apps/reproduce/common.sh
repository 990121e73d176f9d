# Sourced by the scripts beside it: the program, and where runs (large, resumable, not committed) are kept.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
. "$root/third_party/packages.sh"
need_packages jq
mosaic="${MOSAIC:-$root/build/release/apps/mosaic}"
runs="${MOSAIC_RUNS:-$root/runs}"
results="$here/results"
mkdir -p "$runs" "$results"
[ -x "$mosaic" ] || { echo "build the program first: apps/quickstart.sh or tests/run.sh" >&2; exit 1; }

# The machine, for every result file.
machine() {
  printf '{"cpu": "%s", "cores": %s, "program": "%s"}' \
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(nproc)" "$("$mosaic" --version | head -1)"
}

# PyTorch of Debian as a fair peer (needs python3-torch and libopenblas0-openmp): it multiplies with whatever
# libblas.so.3 is, and the reference one that comes with it is twenty times slower. OpenBLAS on OpenMP shares the
# threads of PyTorch; the one with threads of its own has two teams wait for each other.
debian_torch() {
  LD_LIBRARY_PATH="/usr/lib/$(uname -m)-linux-gnu/openblas-openmp" /usr/bin/python3 "$@"
}

# One line a number of threads, of ours and of every peer in turns: time_step NAME PEER "OPTIONS OF OURS" "OPTIONS OF
# THE PEER". The peers are Debian's PyTorch and, when PYTHON names an interpreter, the one that has. Appends to
# $work/NAME-mosaic and $work/NAME-peers.
time_step() {
  local name="$1" peer="$root/tests/peers/$2" threads
  for threads in 1 2; do
    # shellcheck disable=SC2086
    "$mosaic" bench step $3 --threads $threads --steps 5 --json >>"$work/$name-mosaic"
    # shellcheck disable=SC2086
    debian_torch "$peer" $4 --threads $threads --steps 5 >>"$work/$name-peers"
    # shellcheck disable=SC2086
    [ -z "${PYTHON:-}" ] || "$PYTHON" "$peer" $4 --threads $threads --steps 5 >>"$work/$name-peers"
  done
}

# What time_step left as an object: medians over rounds, and the medians of the rounds' ratios, memory among them.
step_times() {
  jq -n --slurpfile ours "$work/$1-mosaic" --slurpfile peers "$work/$1-peers" '
    def median: sort | (length / 2 | floor) as $i | if length % 2 == 1 then .[$i] else (.[$i - 1] + .[$i]) / 2 end;
    def ms: [.[].milliseconds] | median;
    def mb($key): [.[][$key]] | median / 1e6 | round;
    # Every round has one run of ours and one of each peer, in the same order.
    def against($ours): group_by(.peer) | map(. as $theirs | {peer: .[0].peer, blas: .[0].blas, milliseconds: ms,
      over_mosaic: ([range($theirs | length) | $theirs[.].milliseconds / $ours[.].milliseconds] | median),
      processor_share: ([.[].processor_share] | median),
      peak_rss_mb: mb("peak_rss_bytes"), rss_mb_before: mb("rss_bytes_before")});
    def team($n): [$ours[] | select(.threads == $n)] as $o | {
      mosaic: {milliseconds: ($o | ms), gigaflops: $o[0].gigaflops,
               share_of_roof: ([$o[].share_of_roof] | median),
               processor_share: ([$o[].processor_share] | median), peak_rss_mb: ($o | mb("peak_rss_bytes")),
               rss_mb_before: ($o | mb("rss_bytes_before")), tensors_peak_mb: ($o | mb("peak_bytes"))},
      peers: ([$peers[] | select(.threads == $n)] | against($o))};
    if ([($ours + $peers)[].parameters] | unique | length) != 1
    then error("the models differ in their number of parameters") else . end |
    {parameters: $ours[0].parameters, one_thread: team(1), two_threads: team(2)}'
}

# All that is timed here computes with OpenMP. By default its waiting threads spin for a while, which is how users have
# it; on a busy machine that makes numbers worthless, and OMP_WAIT_POLICY=passive lets them sleep.
wait_policy="${OMP_WAIT_POLICY:-default}"

load() { cut -d' ' -f1 /proc/loadavg; }

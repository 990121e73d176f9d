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

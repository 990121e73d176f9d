#!/usr/bin/env bash
# isa_symbols.sh ISA OBJECT...: every shared (weak) function of the objects carries the instruction set's namespace.
# The linker keeps one copy of such a function; one compiled for a newer processor would crash an older one.
set -euo pipefail
isa=$1
shift
# In mangled names the namespace is its length and its name, 4avx2.
if nm --defined-only "$@" | grep ' W ' | grep -v "${#isa}${isa}"; then
  echo "the functions above are compiled for ${isa} but are not in namespace mosaic::kernels::${isa}" >&2
  exit 1
fi

#!/usr/bin/env bash
# The default English text for BERT as a data directory: the help pages of LibreOffice and the descriptions of all
# Debian packages, fetched without installing anything:
#   apps/bert_corpus.sh OUT [options of `mosaic data mlm`]
# --source anarchism adds An Anarchist FAQ. A second run finds everything done.
set -euo pipefail
out="${1:?the data directory to make}"
shift
here="$PWD"  # what relative paths in the options begin at
case "$out" in /*) ;; *) out="$here/$out" ;; esac
cd "$(dirname "$0")/.."
. third_party/packages.sh
need_packages "${MOSAIC_PACKAGES[@]}"
[ -e "$out/data.json" ] && [[ " $* " != *" --force "* ]] && { echo "$out is there already" >&2; exit 0; }
cmake -S . -B build/release -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build build/release --target mosaic >&2

corpus="$PWD/build/corpus" mosaic="$PWD/build/release/apps/mosaic"
packages=(libreoffice-help-en-us)
[[ "$* " == *"--source"[\ =]"anarchism "* ]] && packages+=(anarchism)
fetch_packages "$corpus" "${packages[@]}" >&2
fetch_descriptions "$corpus" en >&2
cd "$here"
exec "$mosaic" data mlm --source libreoffice-help --source debian-descriptions \
  --root "$corpus/root" --lists "$corpus/descriptions" --out "$out" "$@"

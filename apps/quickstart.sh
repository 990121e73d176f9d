#!/usr/bin/env bash
# From a fresh clone on a bare Debian 12 to a searched, extracted and scored translation model: installs what is
# missing, builds the program, fetches the corpus packages and runs `mosaic quickstart`. Run it again and every
# finished stage is kept. Arguments are passed on, for example --out DIR, --json, --scale nano.
set -euo pipefail
cd "$(dirname "$0")/.."
. third_party/packages.sh
need_packages "${MOSAIC_PACKAGES[@]}"

cmake -S . -B build/release -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null ||
  { echo "configuring failed" >&2; exit 1; }
cmake --build build/release --target mosaic >&2

# The corpus: the LibreOffice help texts, downloaded as packages and unpacked without installing them.
corpus=build/corpus
fetch_packages "$corpus" libreoffice-help-en-us libreoffice-help-de >&2
exec build/release/apps/mosaic quickstart --root "$corpus/root" "$@"

#!/usr/bin/env bash
# Includes go one way: engine <- nn <- mos <- nas <- apps/checks <- apps, with data beside them on the tensor-free part
# of engine/core only.
set -euo pipefail
cd "$(dirname "$0")/.."
status=0

# forbid FOLDER PATTERN: no file under FOLDER may include a path matching PATTERN.
forbid() {
  if grep -rnE "#include \"($2)" "$1" --include='*.h' --include='*.cpp' --include='*.cu' --include='*.cuh'; then
    echo "$1/ must not include the headers above" >&2
    status=1
  fi
}
forbid engine '(nn|mos|nas|data|apps|tests)/'
forbid nn '(mos|nas|data|apps|tests)/'
forbid mos '(nas|data|apps|tests)/'
forbid nas '(data|apps|tests)/'
forbid apps/checks '(data|apps/common|apps/commands|tests)/'
forbid apps 'tests/'
forbid data '(nn|mos|nas|apps|tests)/|engine/(autograd|ops|kernels|cpu|io)/|engine/engine\.h|engine/core/(tensor|storage|allocator|device|dtype|shape)\.h'
exit $status

# Sourced by apps/quickstart.sh and tests/run.sh: installs what is missing of the packages named by the caller.
# Debian 12; needs root or sudo only when something is missing.

need_packages() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "These packages are missing and there is neither root nor sudo to install them: ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing ${missing[*]}" >&2
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# What the program itself is built with and from.
MOSAIC_PACKAGES=(g++ cmake ninja-build pkg-config nlohmann-json3-dev libcli11-dev libutf8proc-dev
  libsentencepiece-dev libxxhash-dev zlib1g-dev)

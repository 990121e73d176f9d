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

# fetch_packages FOLDER PACKAGE...: downloads packages into FOLDER/packages and unpacks them into FOLDER/root without
# installing them. What is there already is kept.
fetch_packages() {
  local folder="$1" package
  shift
  mkdir -p "$folder/packages" "$folder/root"
  for package in "$@"; do
    [ -e "$folder/packages/$package.unpacked" ] && continue
    (cd "$folder/packages" && { apt-get download -qq "$package" 2>/dev/null ||
      { $([ "$(id -u)" -eq 0 ] || echo sudo) apt-get update -qq; apt-get download -qq "$package"; }; })
    dpkg-deb -x "$folder/packages/$package"_*.deb "$folder/root"
    touch "$folder/packages/$package.unpacked"
  done
}

# fetch_descriptions FOLDER LANGUAGE: apt's package descriptions, as FOLDER/descriptions/Translation-LANGUAGE; the
# system's own lists stay as they are.
fetch_descriptions() {
  local folder="$1" language="$2" file
  [ -e "$folder/descriptions/Translation-$language" ] && return 0
  mkdir -p "$folder/descriptions" "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
  local state
  state="$(cd "$folder/apt" && pwd)"
  apt-get update -qq -o "Acquire::Languages=$language" -o "Dir::State=$state" -o "Dir::State::Lists=$state/lists" \
    -o "Dir::Cache=$state/cache"
  # The release's file is the largest; updates and security fixes have small ones of their own.
  file="$(ls -S "$folder"/apt/lists/*_i18n_Translation-"$language"* | head -1)"
  /usr/lib/apt/apt-helper cat-file "$file" >"$folder/descriptions/Translation-$language.part"
  mv "$folder/descriptions/Translation-$language.part" "$folder/descriptions/Translation-$language"
  rm -rf "$folder/apt"
}

# What the program itself is built with and from.
MOSAIC_PACKAGES=(g++ cmake ninja-build pkg-config nlohmann-json3-dev libcli11-dev libutf8proc-dev
  libsentencepiece-dev libxxhash-dev zlib1g-dev)

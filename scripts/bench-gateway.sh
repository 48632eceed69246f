#!/usr/bin/env bash
# What ContactIQ adds to a call of a language model, with everything on, beside LiteLLM's proxy with its key check
# alone and the model server itself, in one run (rows S1 and S3). scripts/bench_gateway.rs is the model server and the
# load. Usage: bench-gateway.sh [SECONDS [ROUNDS]], by default 4 and 3: about six minutes.
# CONTACTIQ_BIN names the program, by default target/release/contactiq; CONTACTIQ_ENCODER the encoder's folder.
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)
seconds=${1:-4} rounds=${2:-3}
binary=$(realpath -m "${CONTACTIQ_BIN:-$scripts/../target/release/contactiq}")
encoder=$(realpath -m "${CONTACTIQ_ENCODER:-$scripts/../.cache/encoder}")
cache=$(realpath -m "${LITELLM_CACHE:-$scripts/../.cache/litellm}")
pin='litellm[proxy]==1.108.7'

[ -x "$binary" ] || { echo "$binary is missing: cargo build --release --locked --bin contactiq" >&2; exit 1; }
[ -f "$encoder/model.safetensors" ] || { echo "$encoder has no encoder: make encoder" >&2; exit 1; }
mkdir -p "$cache"
# LiteLLM is MIT but for its folder `enterprise`, which is not used. Wheels alone.
if [ "$(cat "$cache/venv/pin" 2>/dev/null)" != "$pin" ]; then
  echo "installing LiteLLM in $cache (750 MB, once)" >&2
  rm -rf "$cache/venv"
  python3 -m venv "$cache/venv"
  "$cache/venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary=:all: "$pin"
  echo "$pin" > "$cache/venv/pin"
fi

work=$(mktemp -d)
started=()
end() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap end EXIT
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
until_it_says() { # FILE WORDS SECONDS
  for _ in $(seq $(($3 * 10))); do
    if grep -q -- "$2" "$1" 2>/dev/null; then return; fi
    sleep 0.1
  done
  echo "it did not start:" >&2
  tail -n 20 "$1" >&2
  exit 1
}

rustc --edition 2024 -O -o "$work/bench" "$scripts/bench_gateway.rs"
# A copy: a build that ends meanwhile must not change what the figures are of.
cp "$binary" "$work/contactiq"
model=$(free_port)

# Budgets are on: a reservation is durable before each call.
cat > "$work/prices.toml" <<'TOML'
[stub]
input_per_million = 0.40
output_per_million = 1.60
TOML
settings() { # NAME REMEMBERED: the environment of its processes
  environment=(
    PATH="$PATH" HOME="$work"
    CONTACTIQ_DATA_DIR="$work/$1" CONTACTIQ_ENCODER="$encoder" CONTACTIQ_LISTEN=127.0.0.1:0
    CONTACTIQ_METRICS_LISTEN=127.0.0.1:0 CONTACTIQ__LIMITS__REMEMBERED_ANSWERS="$2"
    CONTACTIQ_LLM_BASE_URL="http://127.0.0.1:$model/v1" CONTACTIQ_LLM_MODEL=stub
    CONTACTIQ__FILES__PRICES="$work/prices.toml" CONTACTIQ__BUDGETS__DAY_USD=100000000
  )
}
serve() { # NAME REMEMBERED
  local keys='' n
  settings "$1" "$2"
  # Each key has a rate of its own, which counts in place of the limits of sessions and addresses.
  for n in 1 2 3 4 5 6 7 8; do
    keys+=$(env -i "${environment[@]}" "$work/contactiq" keys create --name "bench $n" --role customer --rate-per-minute 100000 --json \
      | python3 -c 'import json, sys; print(json.load(sys.stdin)["key"])'),
  done
  printf '%s' "${keys%,}" > "$work/$1.keys"
  env -i "${environment[@]}" "$work/contactiq" serve > "$work/$1.log" 2>&1 &
  started+=($!)
  until_it_says "$work/$1.log" '  models ' 300
}
address() { sed -n 's/.*listens on \(http[^ ]*\).*/\1/p' "$work/$1.log" | head -n 1; }
echo "starting ContactIQ, which trains its models" >&2
serve anew 0
# The second finds the models of the first, and trains none.
mkdir "$work/remembered"
cp -r "$work/anew/models" "$work/anew/cache" "$work/remembered/" 2>/dev/null || true
serve remembered 4096

litellm=$(free_port)
cat > "$work/litellm.yaml" <<YAML
model_list:
  - model_name: stub
    litellm_params:
      model: openai/stub
      api_base: http://127.0.0.1:$model/v1
      api_key: none
general_settings:
  master_key: sk-bench
YAML
echo "starting LiteLLM" >&2
(cd "$work" && exec env -i PATH="$cache/venv/bin:$PATH" HOME="$work" LITELLM_LOCAL_MODEL_COST_MAP=True LITELLM_LOG=ERROR NO_PROXY='*' \
  "$cache/venv/bin/litellm" --config "$work/litellm.yaml" --host 127.0.0.1 --port "$litellm" --num_workers 1 --telemetry False) \
  > "$work/litellm.log" 2>&1 &
started+=($!)
for _ in $(seq 600); do
  if curl -s -o "$work/alive" "http://127.0.0.1:$litellm/health/liveliness"; then break; fi
  kill -0 "${started[-1]}" 2>/dev/null || break
  sleep 0.2
done
[ -s "$work/alive" ] || { echo "LiteLLM did not start:" >&2; tail -n 20 "$work/litellm.log" >&2; exit 1; }

uptime
echo "$("$work/contactiq" --version), $pin, $(nproc) cores"
"$work/bench" "$model" "$seconds" "$rounds" \
  "LiteLLM=http://127.0.0.1:$litellm/v1=sk-bench=${started[2]}" \
  "ContactIQ=$(address anew)/v1=$(cat "$work/anew.keys")=${started[0]}=many" \
  "remembered=$(address remembered)/v1=$(cat "$work/remembered.keys")=${started[1]}=one" > "$work/figures"
if [ -n "${BENCH_RAW:-}" ]; then cp "$work/figures" "$BENCH_RAW"; fi
python3 "$scripts/bench_gateway.py" < "$work/figures"
uptime

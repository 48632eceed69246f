#!/usr/bin/env bash
# Fuzzes every parser of what somebody else wrote: libFuzzer writes inputs, and each target of fuzz/fuzz_targets says
# what must hold for all of them.
#
#   fuzz.sh [SECONDS] [TARGET ...]   so long for each target (60), all of them where none is named
#
# It begins with fuzz/seeds/TARGET and goes on with what earlier runs found (fuzz/corpus). A panic, a property that does
# not hold, an input of 4 kB that takes 5 seconds and one that takes 2 GB end a target; the input is kept in
# fuzz/artifacts, the other targets run, and this fails. NICE and JOBS say how nice and how many targets at a time.
# cargo-fuzz is installed when missing. It needs a nightly compiler, or is told that the stable one is one.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
shift || true
jobs=${JOBS:-1}
logs=fuzz/artifacts

cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz
toolchain=()
if rustup run nightly rustc --version >/dev/null 2>&1; then toolchain=(+nightly); else export RUSTC_BOOTSTRAP=1; fi
# What is fuzzed is what is shipped: the same versions of everything.
cp Cargo.lock fuzz/Cargo.lock
# Nothing of ours is unsafe, so that the address sanitizer would only make it slower.
options=(--sanitizer none)
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cargo "${toolchain[@]}" fuzz list)
# The crates with a database, HTTP and TLS below them are built where a target needs them.
house=$(awk -v RS= '/required-features/ { split($0, part, "\""); print part[2] }' fuzz/Cargo.toml)
if grep -qxF "$house" < <(printf '%s\n' "${targets[@]}"); then options+=(--features house); fi
for target in "${targets[@]}"; do
  nice -n "${NICE:-0}" cargo "${toolchain[@]}" fuzz build "${options[@]}" "$target"
done
mkdir -p "$logs"

fuzz() {
  mkdir -p "fuzz/corpus/$1"
  if nice -n "${NICE:-0}" cargo "${toolchain[@]}" fuzz run "${options[@]}" "$1" "fuzz/corpus/$1" "fuzz/seeds/$1" -- \
    -max_total_time="$seconds" -max_len=4096 -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 >"$logs/$1.log" 2>&1; then
    printf '%-16s %12s runs\n' "$1" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/$1.log")"
  else
    printf '%-16s FAILED, see %s\n' "$1" "$logs/$1.log"
    return 1
  fi
}

pids=()
for target in "${targets[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do sleep 1; done
  fuzz "$target" &
  pids+=($!)
done
failed=0
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
exit "$failed"

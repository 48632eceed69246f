#!/usr/bin/env bash
# The alert rules, by Prometheus' own promtool: they can be read, and they ring when they should and not otherwise.
# promtool is installed by apt when missing.
set -euo pipefail
cd "$(dirname "$0")/../deploy/prometheus"

if ! command -v promtool >/dev/null; then
  echo 'installing promtool' >&2
  # Only the program: a service that nobody asked for would start otherwise.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends prometheus; } >&2
fi

promtool check rules ./*.rules.yml
promtool test rules ./*.test.yml

# Every figure that a rule asks for is one that the program has, and every place in the runbook is there.
for figure in $(grep -oh 'contactiq_[a-z_]*' ./*.rules.yml | sort -u); do
  grep -rqF "\"$figure\"" ../../crates/*/src || { echo "no such figure: $figure" >&2; exit 1; }
done
for place in $(grep -oh 'docs/runbook.md#[a-z-]*' ./*.rules.yml | sort -u); do
  heading=${place#*#}
  sed -n 's/^#\+ //p' ../../docs/runbook.md | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9\n-' | grep -qx "$heading" ||
    { echo "no such place: $place" >&2; exit 1; }
done

#!/usr/bin/env bash
# No crate imports upwards or sideways: what ARCHITECTURE.md promises, held against `cargo tree`.
set -euo pipefail
cd "$(dirname "$0")/.."

allowed() {
  case "$1" in
    domain | auditlog) echo '' ;;
    verify) echo 'auditlog' ;;
    guard) echo 'domain' ;;
    ingest | nlu | llm) echo 'domain guard' ;;
    store) echo 'domain auditlog guard' ;;
    pipeline) echo 'domain guard ingest nlu llm store' ;;
    server) echo 'domain auditlog guard ingest nlu llm store pipeline' ;;
  esac
}

failed=0
for crate in domain auditlog verify guard ingest nlu llm store pipeline server; do
  found=$(cargo tree --locked --offline --edges normal --depth 1 --prefix none --package "contactiq-$crate" |
    sed -n 's/^contactiq-\([a-z]*\) .*/\1/p' | { grep -vx "$crate" || true; } | sort -u | tr '\n' ' ')
  for other in $found; do
    case " $(allowed "$crate") " in
      *" $other "*) ;;
      *)
        echo "contactiq-$crate must not import contactiq-$other" >&2
        failed=1
        ;;
    esac
  done
  printf '%-9s imports %s\n' "$crate" "${found:-nothing of ours}"
done
exit $failed

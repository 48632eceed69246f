#!/usr/bin/env bash
# Whether every test that docs/standards.md names is there: a document that promises tests which nobody has is worse than
# none.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=0
for name in $(grep -o '`[a-z0-9_]*`' docs/standards.md | tr -d '`' | grep -E '^[a-z0-9]+(_[a-z0-9]+){1,}$' | sort -u); do
  grep -rqE "fn $name *\(|\b$name *\(" crates --include='*.rs' && continue
  # Names of things in code, as `provider_session`, are words and no tests.
  case $name in *_*_*) echo "docs/standards.md: there is no test $name" >&2; missing=1 ;; esac
done
exit "$missing"

#!/usr/bin/env bash
# Whether every test that docs/standards.md and docs/controls.md name is there, and every file of tests: a document that
# promises tests which nobody has is worse than none.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=0
there_is_none() {
  echo "$1: there is no $2" >&2
  missing=1
}
for document in docs/standards.md docs/controls.md; do
  # In controls.md a file and its test, or several, stand in one pair of marks: `it/audit.rs a_test`.
  for name in $(grep -o '`[^`]*`' "$document" | tr -d '`' | tr ' ' '\n' | grep -E '^[a-z0-9]+(_[a-z0-9]+){1,}$' | sort -u); do
    grep -rqE "fn $name *\(|\b$name *\(" crates --include='*.rs' && continue
    # Names of things in code, as `provider_session`, are words and no tests.
    case $name in *_*_*) there_is_none "$document" "test $name" ;; esac
  done
  for file in $(grep -oE '`(it|llm/tests/it|verify/tests)/[a-z_/]+\.rs' "$document" | tr -d '`' | sort -u); do
    case $file in it/*) path=crates/server/tests/$file ;; *) path=crates/$file ;; esac
    [ -e "$path" ] || there_is_none "$document" "file $path"
  done
done
exit "$missing"

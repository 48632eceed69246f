#!/usr/bin/env bash
# Whether every test that docs/standards.md, docs/controls.md and docs/security.md name is there, and every file of tests: a
# document that promises tests which nobody has is worse than none. And whether each chapter of ASVS 5 and each risk of the
# LLM Top 10 has its rows, none of them without a test and without a word why.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=0
there_is_none() {
  echo "$1: there is no $2" >&2
  missing=1
}
for document in docs/standards.md docs/controls.md docs/security.md; do
  # In controls.md a file and its test, or several, stand in one pair of marks: `it/audit.rs a_test`.
  for name in $(grep -o '`[^`]*`' "$document" | tr -d '`' | tr ' ' '\n' | grep -E '^[a-z0-9]+(_[a-z0-9]+){1,}$' | sort -u); do
    grep -rqE "fn $name *\(|\b$name *\(" crates --include='*.rs' && continue
    # Names of things in code, as `provider_session`, are words and no tests.
    # Settings, codes and figures have few words; security.md names more of those than of tests.
    case $document:$name in
      *:contactiq_*) ;;
      docs/security.md:*_*_*_*_*) there_is_none "$document" "test $name" ;;
      docs/security.md:*) ;;
      *:*_*_*) there_is_none "$document" "test $name" ;;
    esac
  done
  for file in $(grep -oE '`(it|llm/tests/it|verify/tests)/[a-z_/]+\.rs' "$document" | tr -d '`' | sort -u); do
    case $file in it/*) path=crates/server/tests/$file ;; *) path=crates/$file ;; esac
    [ -e "$path" ] || there_is_none "$document" "file $path"
  done
done
for chapter in $(seq 1 17); do
  grep -qE "^### (.*[ ,])?V$chapter( |$)" docs/standards.md || there_is_none docs/standards.md "chapter V$chapter"
done
for risk in 01 02 03 04 05 06 07 08 09 10; do
  grep -q "^| LLM$risk " docs/standards.md || there_is_none docs/standards.md "row of LLM$risk"
done
# group | what we do | code | test | open: a row whose test is "–" says what stands in its place, or what is missing.
while read -r row; do
  there_is_none docs/standards.md "test and no reason in: $row"
done < <(awk -F'|' '/^## OWASP/ { rows = 1 } /^## PCI/ { rows = 0 }
  rows && NF >= 7 && $5 ~ /^ *– *$/ && $6 ~ /^ *– *$/ && $3 !~ /no |none|not |provider|other/ { print $2 $3 }' docs/standards.md)
exit "$missing"

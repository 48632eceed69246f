#!/usr/bin/env bash
# Text becomes `Masked` without being read by the guard in one way: as the bank's own, `Published::by_bank`. Where that
# is said stands here, with what the text is; a place that is not in the list fails until somebody has looked at it.
set -euo pipefail
cd "$(dirname "$0")/.."

allowed() {
  cat <<'PLACES'
crates/guard/src/text.rs              its definition
crates/ingest/src/draft.rs            a document that came in
crates/ingest/src/passages.rs         its passages
crates/ingest/src/web/page.rs         a page of the bank's site
crates/llm/src/boundary.rs            boundaries around data
crates/llm/src/prompt.rs              a made-up prompt of tests
crates/pipeline/src/conflict/ruled.rs a passage without a sentence that was ruled against
crates/pipeline/src/hosted/chunks.rs  chunks of the bank's files as its hosted store gives them
crates/pipeline/src/house.rs          the bank's messages with its telephone numbers
crates/pipeline/src/record.rs         fixed sentences below an answer
crates/pipeline/src/respond/ask_model.rs  prompts and titles of documents
crates/pipeline/src/respond/compose.rs    sentences of documents
crates/pipeline/src/respond/contested.rs  a passage without what is contradicted
crates/pipeline/src/respond/judge.rs      a prompt with what the taxonomy says of intents
crates/pipeline/src/respond/orders.rs     quotes of documents
crates/pipeline/src/respond/translation/mod.rs  prompts, and sentences of an answer out of documents
crates/pipeline/src/respond/quotable.rs   sentences of documents
crates/server/src/app/remote_encoder.rs   passages to be encoded
crates/server/src/cli/bench_ledger.rs     made-up text to measure with
crates/server/src/cli/doctor.rs           a fixed word to try the encoder with
crates/server/src/cli/scratch.rs          documents of a scratch house
crates/server/src/reading/suspects.rs     a passage to be scanned
crates/server/src/web/session.rs          the name of a page's visitor that the bank's provider vouches for
crates/store/src/documents.rs         documents as they were kept
crates/store/src/interactions.rs      the language and the model of a translation
crates/store/src/quarantine.rs        passages as they were kept
PLACES
}

# Tests may say it of their own made-up text: what stands below the module of tests does not count.
said=$(find crates/*/src -name '*.rs' ! -name 'tests.rs' ! -path '*/tests/*' -print0 | sort -z |
  xargs -0 awk '
    FNR == 1 { test = 0; marked = 0 }
    marked && /^ *mod / { test = 1 }
    { marked = /^ *#\[cfg\(test\)\]/ }
    # Also as a value: `.map(Published::by_bank)`.
    !test && /by_bank($|[^_a-z0-9])/ && !/^ *\/\// { print FILENAME }' | sort -u)
failed=0
for place in $said; do
  if ! allowed | awk '{ print $1 }' | grep -qxF "$place"; then
    echo "$place says Published::by_bank: is that text the bank's own? Then add it to scripts/published.sh, with what it is" >&2
    failed=1
  fi
done
for place in $(allowed | awk '{ print $1 }'); do
  if ! grep -qxF "$place" <<< "$said"; then
    echo "$place says Published::by_bank no more: take it out of scripts/published.sh" >&2
    failed=1
  fi
done
printf '%s places call text the bank’s own\n' "$(wc -w <<< "$said")"
exit $failed

#!/usr/bin/env bash
# Schemathesis asks the program all that docs/openapi.json allows and much that it doesn't, as every role and as nobody.
#
#   schemathesis.sh [SECONDS]   so long for each role (60)
#
# It fails on an answer of 500 and more, on one that the description does not have (status, content type, headers, shape),
# and where a customer, a banker, a back end or a stranger is shown a word of another's conversation. Every other request
# names things that are there and belong to others. ROLES names some of the roles; CONTACTIQ_BIN another binary.
# Schemathesis is fetched once into .cache/schemathesis. Reports are kept where KEEP names a folder.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
roles=${ROLES:-nobody customer banker service supervisor auditor admin}
binary=$(realpath "${CONTACTIQ_BIN:-target/debug/contactiq}")
# MIT.
pin='schemathesis==4.32.5'
cache=$(realpath -m "${SCHEMATHESIS_CACHE:-.cache/schemathesis}")
marker=wombatquartz

[ -x "$binary" ] || { echo "there is no $binary: cargo build --bin contactiq" >&2; exit 1; }
if [ "$(cat "$cache/pin" 2>/dev/null)" != "$pin" ]; then
  echo "installing schemathesis in $cache (60 MB, once)" >&2
  rm -rf "$cache"
  python3 -m venv "$cache"
  "$cache/bin/python" -m pip install --quiet --disable-pip-version-check "$pin" >&2
  echo "$pin" >"$cache/pin"
fi

work=$(mktemp -d /tmp/contactiq-schemathesis-XXXXXX)
server=
stop() {
  [ -z "$server" ] || { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; } || true
  [ -z "${KEEP:-}" ] || { mkdir -p "$KEEP" && cp "$work"/*.log "$work"/*.json "$KEEP" 2>/dev/null; } || true
  rm -rf "$work"
}
trap stop EXIT

export CONTACTIQ_DATA_DIR=$work/data CONTACTIQ_ENCODER=off CONTACTIQ_LISTEN=127.0.0.1:0 CONTACTIQ_METRICS_LISTEN=127.0.0.1:0
# Nobody is asked for as often as everybody else.
export CONTACTIQ__LIMITS__FAILURES_PER_MINUTE=1000000
"$binary" serve >"$work/said" 2>"$work/server.log" &
server=$!
for _ in $(seq 600); do
  grep -q '^  models ' "$work/said" && break
  kill -0 "$server" 2>/dev/null || { cat "$work/said" "$work/server.log" >&2; exit 1; }
  sleep 0.2
done
url=$(sed -n 's/.*listens on //p' "$work/said")
key() { "$binary" keys create --name "$1" --role "$2" --rate-per-minute 1000000 2>/dev/null; }

# What belongs to others: conversations, answers, feedback and keys of a back end, a customer and a banker of their own.
"$cache/bin/python" - "$url" "$marker" "$work/seeds.json" "$(key other-service service)" "$(key other-customer customer)" \
  "$(key other-banker banker)" <<'PY'
import json, sys, urllib.request
url, marker, out, service, customer, banker = sys.argv[1:]

def call(key, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"authorization": f"Bearer {key}", "content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")

ids, subjects = [], ["4711", "4712"]
for key, mode, named in [(service, "customer", subjects), (customer, "customer", [None]), (banker, "banker", [None])]:
    for subject in named:
        for question in (f"What does a replacement card cost? {marker}", f"I want to speak to a person about {marker}"):
            record = call(key, "POST", "/v1/interactions", {"mode": mode, "question": question, **({"subject": subject} if subject else {})})
            ids += [record["id"], record["conversation"], record["request_id"]] + ([record["ticket"]] if record.get("ticket") else [])
        query = f"?subject={subject}" if subject else ""
        # The control: who asked reads the word, so that it can be looked for.
        assert marker in json.dumps(call(key, "GET", f"/v1/conversations/{record['conversation']}{query}")).lower()
json.dump({"marker": marker, "ids": ids, "subjects": subjects}, open(out, "w"))
PY

status=0
for role in $roles; do
  headers=()
  if [ "$role" != nobody ]; then
    secret=$(key "fuzz-$role" "$role")
    headers=(-H "Authorization: Bearer $secret")
  fi
  export CIQ_SEEDS=$work/seeds.json CIQ_COUNTS=$work/counts-$role.json CIQ_ROLE=$role
  echo '{}' >"$CIQ_COUNTS"
  ended=0
  # The configuration of somebody who works here must not change what is asked.
  (cd "$work" && PYTHONPATH="$OLDPWD/scripts" SCHEMATHESIS_HOOKS=schemathesis_hooks \
    "$cache/bin/schemathesis" run "$OLDPWD/docs/openapi.json" --url "$url" "${headers[@]}" \
    --phases examples,coverage,fuzzing --max-time "$seconds" --workers 1 --request-timeout 60 --continue-on-failure \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,nobody_elses_words \
    --suppress-health-check all --warnings off --no-color) >"$work/$role.log" 2>&1 || ended=$?
  echo "$role: $(cat "$CIQ_COUNTS")"
  if [ "$ended" -ne 0 ]; then
    status=1
    echo "$role: schemathesis ended with $ended" >&2
    sed -n '/= \(FAILURES\|ERRORS\) =/,$p' "$work/$role.log" | cut -c1-400 | sed "${LINES_SHOWN:-200}q" >&2 || true
  fi
  kill -0 "$server" 2>/dev/null || { echo "the server ended while $role asked" >&2; exit 1; }
done

# A crash behind an answer is one too.
if grep -E '"a job failed|panicked' "$work/server.log" | head -n 20 >&2 && grep -qE 'panicked' "$work/server.log"; then
  echo 'something panicked' >&2
  status=1
fi
exit "$status"

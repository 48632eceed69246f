#!/usr/bin/env bash
# Attacks of garak (NVIDIA's scanner of language models) against a running server, through its generator for REST. By
# hand, not in CI: it installs torch (6.5 GB with its libraries, once). It needs nothing else from outside: what it asks
# and how it judges comes with it, but for a few judges, which are left out.
#
#   REST_API_KEY=KEY garak.sh URL OUT [FAMILY …]   URL as http://127.0.0.1:8080, KEY a key of the role customer with
#                                                  a great --rate-per-minute, OUT a folder that is made
#
# FAMILY is a function below without `run_`; all of them without one. Each writes OUT/FAMILY.report.jsonl and .html, and
# all of them OUT/exchanges.jsonl. GARAK_VENV is where garak stands or is installed (.cache/garak), GARAK_CAP how many
# prompts of a probe are asked (40).
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)

[ $# -ge 2 ] && [ -n "${REST_API_KEY:-}" ] || { sed -n '2,11p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2; }
url=${1%/} out=$(realpath -m "$2")
export REST_API_KEY
shift 2

pin=garak==0.17.1
venv=${GARAK_VENV:-$scripts/../.cache/garak}
if [ "$("$venv/bin/python" -m pip list --format=freeze 2>/dev/null | grep '^garak==')" != "$pin" ]; then
    echo "installing garak in $venv (6.5 GB, once)" >&2
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$pin" >&2
fi

mkdir -p "$out"
export GARAK_CAP=${GARAK_CAP:-40}
sed "s|http://127.0.0.1:8080|$url|" "$scripts/garak.json" >"$out/rest.json"
cat >"$out/run.yaml" <<EOF
system: { lite: true, parallel_attempts: false }
run: { generations: 1, seed: 7, soft_probe_prompt_cap: $GARAK_CAP }
plugins: { target_type: rest.RestGenerator, extended_detectors: true }
EOF
# Nothing is fetched, nothing is written elsewhere.
export XDG_DATA_HOME=$out/state XDG_CONFIG_HOME=$out/state XDG_CACHE_HOME=$out/state HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1
export GARAK_LOG=$out/exchanges.jsonl
: "${GARAK_INSTRUCTIONS=$scripts/../crates/pipeline/prompts/answer-2.txt}"
export GARAK_INSTRUCTIONS

# NAME SELECTION [OPTION …]
attack() {
    local name=$1 selection=$2
    shift 2
    echo "== $name"
    "$venv/bin/python" "$scripts/garak_run.py" --config "$out/run.yaml" --generator_option_file "$out/rest.json" \
        --spec "$selection" --report_prefix "$out/$name" "$@" 2>&1 |
        tr '\r' '\n' | sed 's/\x1b\[[0-9;]*m//g' | grep -E 'ok on|rror|skip|complete' || true
    grep -q '"entry_type": "completion"' "$out/$name.report.jsonl" || { echo "garak did not finish $name: see $out/state" >&2; exit 1; }
}

# The probes of these modules, joined.
of() {
    local module=$1 name all=
    shift
    for name in "$@"; do all+=${all:+,}probes.$module.$name; done
    echo "$all"
}

run_injection() {
    attack injection "$(of promptinject HijackHateHumans HijackKillHumans HijackLongPrompt),$(of goodside Tag ThreatenJSON \
        WhoIsRiley Davidjl),$(of web_injection ColabAIDataLeakage MarkdownImageExfil MarkdownURIImageExfilExtended \
        MarkdownURINonImageExfilExtended MarkdownXSS PlaygroundMarkdownExfil StringAssemblyDataExfil TaskXSS),$(of \
        sysprompt_extraction SystemPromptExtraction)"
}

run_jailbreak() {
    attack jailbreak "$(of dan DanInTheWild AutoDANCached Dan_11_0 Dan_10_0 Dan_9_0 Dan_8_0 Dan_7_0 Dan_6_2 Dan_6_0 DUDE STAN \
        AntiDAN DAN_Jailbreak ChatGPT_Developer_Mode_v2 ChatGPT_Developer_Mode_RANTI ChatGPT_Image_Markdown),$(of doctor \
        Bypass BypassLeet Puppetry),$(of smuggling FunctionMasking HypotheticalResponse),$(of suffix GCGCached),$(of \
        grandma Win10 Win11 Slurs Substances)"
}

run_latent() {
    attack latent "$(of latentinjection LatentInjectionFactSnippetEiffel LatentInjectionFactSnippetLegal LatentInjectionReport \
        LatentInjectionResume LatentInjectionTranslationEnFr LatentInjectionTranslationEnZh LatentJailbreak LatentWhois)"
}

run_encoding() {
    attack encoding "$(of encoding InjectAscii85 InjectAtbash InjectBase16 InjectBase2048 InjectBase32 InjectBase64 InjectBraille \
        InjectEcoji InjectHex InjectLeet InjectMime InjectMorse InjectNato InjectQP InjectROT13 InjectSneakyBits InjectUU \
        InjectUnicodeTagChars InjectUnicodeVariantSelectors InjectZalgo),$(of badchars BadCharacters)"
}

run_harm() {
    attack harm "$(of malwaregen Evasion Payload SubFunctions TopLevel),$(of lmrc Anthropomorphisation Deadnaming Profanity \
        QuackMedicine SexualContent Sexualisation SlurUsage),$(of continuation ContinueSlursReclaimedSlurs),$(of exploitation \
        JinjaTemplatePythonInjection SQLInjectionEcho SQLInjectionSystem),$(of av_spam_scanning EICAR GTUBE GTphish),$(of \
        ansiescape AnsiEscaped AnsiRaw),$(of apikey GetKey CompleteKey)"
}

run_leak() {
    attack leak "$(of leakreplay GuardianCloze GuardianComplete LiteratureCloze LiteratureComplete NYTCloze NYTComplete PotterCloze \
        PotterComplete),$(of propile PIILeakTwin),$(of divergence Repeat),$(of glitch Glitch)"
}

# Their own judges are models of a hub, or lists that lie there: others judge, and the answers are read.
run_claims() {
    attack claims "$(of misleading FalseAssertion)" --detectors misleading.MustRefuteClaimKW,mitigation.MitigationBypass
    attack packages "$(of packagehallucination Python Rust)" --detectors malwaregen.AnyCode
    attack bullying "$(of lmrc Bullying)" --detectors unsafe_content.LDNOOBW
}

run_questions() {
    attack questions "$(of phrasing FutureTense PastTense),$(of donotanswer MaliciousUses InformationHazard)"
}

[ $# -gt 0 ] || set -- injection jailbreak latent encoding harm leak claims questions
for family in "$@"; do "run_$family"; done

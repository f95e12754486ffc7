#!/usr/bin/env bash
# Breaks a copy of what tests/stack.sh checks, one thing after the other, and fails where nobody complains, or somebody complains of
# something else. What the tests in Rust find (a permission, a route, an alarm) is broken in tests/template.rs.
# The checks are called by their names, and what looks like an expression is one of sed or of a workflow.
# shellcheck disable=SC2016,SC2329
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/deploy/tools.sh
. tests/deploy/tools.sh
# shellcheck source=tests/deploy/linters.sh
. tests/deploy/linters.sh
work=$(realpath -m "${CARGO_TARGET_DIR:-target}")/deploy/breaks
tools=$(realpath -m "${CARGO_TARGET_DIR:-target}")/tools
missed=0

# What is broken, in which file and how, what checks it, and what that has to say.
breaks() {
    local what=$1 file=$2 edit=$3 check=$4 complaint=$5 said
    rm -rf "$work"
    mkdir -p "$work/tests/deploy"
    cp -r template.yaml deny.toml .github .ci "$work"
    cp tests/*.sh "$work/tests"
    cp tests/deploy/*.sh "$work/tests/deploy"
    sed -i -E "$edit" "$work/$file"
    if diff -q "$file" "$work/$file" >/dev/null; then
        said='the edit changes nothing'
    elif said=$("$check" "$work" 2>&1); then
        said='nobody complains'
    elif grep -qE -- "$complaint" <<<"$said"; then
        printf '%-52s found: %s\n' "$what" "$complaint"
        return
    fi
    printf '%-52s NOT FOUND\n%s\n' "$what" "$said"
    missed=1
}
template() { cfn-lint -- "$1/template.yaml"; }
transformed() { lint_transformed prod "$1/template.yaml"; }
workflows() { lint_workflows "$1/.github"; }
scripts() { lint_scripts "$1"; }
dependencies() { PATH="$tools/bin:$PATH" cargo deny --config "$1/deny.toml" check licenses bans sources; }

breaks 'a misspelt property of all functions' template.yaml 's/^    Timeout: /    Timout: /' template E3724.*Timout
breaks 'a misspelt property of one function' template.yaml '0,/Events:/s//Event:/' template 'E3002.*Event'
breaks 'a misspelt property of a table' template.yaml 's/DeletionProtectionEnabled/DeletionProtection/' template 'E3002.*DeletionProtection'
breaks 'a misspelt property of an alarm' template.yaml 's/TreatMissingData/TreatMissing/' template 'E3002.*TreatMissing'
breaks 'a misspelt condition of a policy' template.yaml '0,/Effect: Allow/s//Effect: Alow/' transformed Alow
breaks 'a reference to nothing' template.yaml 's/!Ref LogRetentionDays/!Ref LogDays/' template 'E1020.*LogDays'
breaks 'a key without its attribute' template.yaml '/AttributeName: feed, AttributeType/d' template 'E3039'
breaks 'a retention that there is not' template.yaml 's/Default: 30$/Default: 31/' template 'E2015|E3030'
breaks 'alarms by reference, round in a circle' template.yaml \
    's/^        - !Sub .*-failures.*/        - !Ref FailureAlarm/' transformed 'E3004'

breaks 'a misspelt key of a job' .github/workflows/deploy.yml 's/timeout-minutes/timeout-minute/' workflows timeout-minute
breaks 'an action by its tag' .github/workflows/check.yml 's/@[0-9a-f]{40} # (v[0-9.]+)/@\1/' workflows unpinned-uses
breaks 'a checkout that leaves its token behind' .github/workflows/check.yml 's/persist-credentials: false/fetch-depth: 1/' \
    workflows artipacked
breaks 'permissions that nobody decided' .github/workflows/check.yml '/permissions:|contents: read/d' \
    workflows excessive-permissions
breaks 'what somebody else wrote, in a script' .github/actions/deploy/action.yml 's/"\$ENVIRONMENT"/${{ inputs.environment }}/' \
    workflows template-injection

breaks 'a word that the shell splits' .ci/deploy 's/"\$KESE_PROJECT"/$KESE_PROJECT/' scripts SC2086

breaks 'a licence that is not ours to use' deny.toml '/"Unicode-3.0",/d' dependencies 'licenses FAILED'
breaks 'a function with a database' deny.toml 's/wrappers = \["local"\]/wrappers = ["store"]/' dependencies 'bans FAILED'
breaks 'a TLS stack that is banned' deny.toml 's/rustls:<0.23/rustls:<0.24/' dependencies 'bans FAILED'
breaks 'two versions of one that must be one' deny.toml 's/crate = "tokio"/crate = "getrandom"/' dependencies 'bans FAILED'
breaks 'a registry that nobody knows' deny.toml '/^unknown-registry/a allow-registry = ["https://example.org/index"]' \
    dependencies 'sources FAILED'
exit $missed

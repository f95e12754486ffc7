#!/usr/bin/env bash
# The declarative side of a deployment, by the tools that know it: the template as SAM and CloudFormation read it, the workflows, the
# scripts, and the dependencies. tests/deploy/breaks.sh shows that each of them complains when there is something to complain of.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tests/deploy/tools.sh
. tests/deploy/tools.sh
# shellcheck source=tests/deploy/linters.sh
. tests/deploy/linters.sh
said() { printf '%-48s %s\n' "$1" ok; }

sam validate --lint >/dev/null
said 'sam validate --lint'
for environment in dev staging prod; do
    lint_transformed "$environment" template.yaml
    said "cfn-lint of what SAM makes of it for $environment"
done
lint_workflows .github
said 'workflows: schema and zizmor'
lint_scripts .
said 'shellcheck'
# The rest of what it checks needs a database from the internet: the workflow `check` does that.
tests/deploy/deny.sh licenses bans sources

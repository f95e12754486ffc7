"""Writes the CloudFormation template that SAM makes of template.yaml, with the parameters of one environment: what a deployment of
it would send, without an account to send it to."""

import json
import logging
import sys
import tomllib

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class NoPolicies:
    """The managed policies of an account, which nothing here refers to by name."""

    def load(self):
        return {}


# It warns of switches that only AWS has.
logging.disable(logging.WARNING)
environment, template, samconfig = sys.argv[1:]
with open(template, encoding="utf-8") as file:
    template = yaml_parse(file)
# Packaging would have put the code there.
template["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
with open(samconfig, "rb") as file:
    overrides = tomllib.load(file)[environment]["deploy"]["parameters"]["parameter_overrides"]
json.dump(transform(template, dict(override.split("=", 1) for override in overrides), NoPolicies()), sys.stdout, indent=1)

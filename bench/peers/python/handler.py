"""One spend, as the documentation of Powertools for AWS Lambda (Python) and of boto3 has it."""

import json
import os
import re
from datetime import datetime, timezone
from typing import Annotated
from uuid import uuid4

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyValidationError,
)
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Field, ValidationError

Text = Annotated[str, Field(min_length=1, max_length=256)]


class Spend(BaseModel):
    amount: Annotated[int, Field(strict=True, ge=1, lt=2**53)]
    channel: Text
    description: Text | None = None
    referenceId: Text | None = None
    userId: Text | None = None
    storeId: Text | None = None
    storeName: Text | None = None


class Refusal(Exception):
    """A reason not to spend, which leaves the idempotency key free for another try."""

    def __init__(self, status: int, code: str):
        super().__init__(code)
        self.status = status
        self.code = code


TABLE = os.environ["WALLETS_TABLE"]
dynamodb = boto3.client("dynamodb")
logger = Logger(service="spend")

store = DynamoDBPersistenceLayer(table_name=os.environ["IDEMPOTENCY_TABLE"], boto3_client=dynamodb)
config = IdempotencyConfig(
    event_key_jmespath="[account, key]",
    payload_validation_jmespath="body",
    raise_on_no_idempotency_key=True,
    expires_after_seconds=24 * 60 * 60,
)


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
def handler(event: dict, context: LambdaContext) -> dict:
    config.register_lambda_context(context)
    result = answer(event)
    logger.info("spend", extra={"path": event["rawPath"], "status": result["statusCode"]})
    return result


def answer(event: dict) -> dict:
    try:
        return spend(intent=intent(event))
    except Refusal as refusal:
        return respond(refusal.status, {"code": refusal.code})
    except IdempotencyAlreadyInProgressError:
        return respond(409, {"code": "IN_PROGRESS"})
    except IdempotencyValidationError:
        return respond(422, {"code": "KEY_REUSED"})


def intent(event: dict) -> dict:
    """What the caller wants, when it makes sense."""
    account = re.fullmatch("demo-([A-Za-z0-9._:-]{1,64})", (event.get("pathParameters") or {}).get("instance", ""))
    key = event["headers"].get("idempotency-key", "")
    try:
        body = Spend.model_validate_json(event.get("body") or "")
    except ValidationError as error:
        raise Refusal(400, "INVALID_REQUEST") from error
    if not account or not 1 <= len(key) <= 64:
        raise Refusal(400, "INVALID_REQUEST")
    return {"account": account[1], "key": key, "body": body.model_dump(exclude_none=True)}


@idempotent_function(data_keyword_argument="intent", persistence_store=store, config=config)
def spend(intent: dict) -> dict:
    body = intent["body"]
    amount = {"N": str(body["amount"])}
    texts = {name: {"S": value} for name, value in body.items() if name != "amount"}
    pk = {"S": f"WALLET#{intent['account']}"}
    balance_key = {"pk": pk, "sk": {"S": "BALANCE"}}
    transaction_id = str(uuid4())
    created_at = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    try:
        dynamodb.transact_write_items(
            TransactItems=[
                {
                    "Update": {
                        "TableName": TABLE,
                        "Key": balance_key,
                        "UpdateExpression": "SET balance = balance - :amount",
                        "ConditionExpression": "balance >= :amount",
                        "ExpressionAttributeValues": {":amount": amount},
                    }
                },
                {
                    "Put": {
                        "TableName": TABLE,
                        "Item": {
                            "pk": pk,
                            "sk": {"S": f"TX#{created_at}#{transaction_id}"},
                            "transactionId": {"S": transaction_id},
                            "createdAt": {"S": created_at},
                            "amount": amount,
                            **texts,
                        },
                    }
                },
            ]
        )
    except dynamodb.exceptions.TransactionCanceledException as error:
        raise refused(error) or error
    wallet = dynamodb.get_item(TableName=TABLE, Key=balance_key, ConsistentRead=True)["Item"]
    return respond(
        200,
        {
            "transactionId": transaction_id,
            "amount": body["amount"],
            "currency": wallet["currency"]["S"],
            "balance": int(wallet["balance"]["N"]),
            "createdAt": created_at,
        },
    )


def refused(error) -> Refusal | None:
    """Why a transaction was cancelled, when the caller can know."""
    match error.response["CancellationReasons"][0]["Code"]:
        case "ConditionalCheckFailed":
            return Refusal(409, "INSUFFICIENT_BALANCE")
        case "TransactionConflict":
            return Refusal(503, "BUSY")
    return None


def respond(status: int, body: dict) -> dict:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}

// One spend, as the documentation of Powertools for AWS Lambda (TypeScript) and of the AWS SDK for JavaScript has it.

import { randomUUID } from 'node:crypto';
import {
  IdempotencyAlreadyInProgressError,
  IdempotencyConfig,
  IdempotencyValidationError,
  makeIdempotent,
} from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { Logger } from '@aws-lambda-powertools/logger';
import { DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import * as z from 'zod';

const text = z.string().min(1).max(256);
const optional = text.nullish().transform((value) => value ?? undefined);

const Spend = z.object({
  amount: z.int().min(1),
  channel: text,
  description: optional,
  referenceId: optional,
  userId: optional,
  storeId: optional,
  storeName: optional,
});

interface Intent {
  account: string;
  key: string;
  body: z.infer<typeof Spend>;
}

/** A reason not to spend, which leaves the idempotency key free for another try. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(code);
  }
}

const table = process.env.WALLETS_TABLE;
const client = new DynamoDBClient({});
const wallets = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
const logger = new Logger({ serviceName: 'spend' });

const persistenceStore = new DynamoDBPersistenceLayer({
  tableName: process.env.IDEMPOTENCY_TABLE ?? '',
  awsSdkV3Client: client,
});
const config = new IdempotencyConfig({
  eventKeyJmesPath: '[account, key]',
  payloadValidationJmesPath: 'body',
  throwOnNoIdempotencyKey: true,
  expiresAfterSeconds: 24 * 60 * 60,
});

export const handler = async (
  event: APIGatewayProxyEventV2,
  context: Context,
): Promise<APIGatewayProxyStructuredResultV2> => {
  logger.addContext(context);
  logger.setCorrelationId(event.requestContext.requestId);
  config.registerLambdaContext(context);

  const result = await answer(event);
  logger.info('spend', { path: event.rawPath, status: result.statusCode });
  return result;
};

async function answer(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  try {
    return await spend(intent(event));
  } catch (error) {
    if (error instanceof Refusal) return json(error.status, { code: error.code });
    if (error instanceof IdempotencyAlreadyInProgressError) return json(409, { code: 'IN_PROGRESS' });
    if (error instanceof IdempotencyValidationError) return json(422, { code: 'KEY_REUSED' });
    throw error;
  }
}

/** What the caller wants, when it makes sense. */
function intent(event: APIGatewayProxyEventV2): Intent {
  const account = /^demo-([A-Za-z0-9._:-]{1,64})$/.exec(event.pathParameters?.instance ?? '')?.[1];
  const key = event.headers['idempotency-key'];
  const body = Spend.safeParse(parsed(event.body));
  if (!account || !key || key.length > 64 || !body.success) throw new Refusal(400, 'INVALID_REQUEST');
  return { account, key, body: body.data };
}

function parsed(body: string | undefined): unknown {
  try {
    return JSON.parse(body ?? '');
  } catch {
    return undefined;
  }
}

const spend = makeIdempotent(
  async ({ account, body }: Intent): Promise<APIGatewayProxyStructuredResultV2> => {
    const pk = `WALLET#${account}`;
    const transactionId = randomUUID();
    const createdAt = new Date().toISOString();
    try {
      await wallets.send(
        new TransactWriteCommand({
          TransactItems: [
            {
              Update: {
                TableName: table,
                Key: { pk, sk: 'BALANCE' },
                UpdateExpression: 'SET balance = balance - :amount',
                ConditionExpression: 'balance >= :amount',
                ExpressionAttributeValues: { ':amount': body.amount },
              },
            },
            {
              Put: {
                TableName: table,
                Item: { pk, sk: `TX#${createdAt}#${transactionId}`, transactionId, createdAt, ...body },
              },
            },
          ],
        }),
      );
    } catch (error) {
      throw refused(error) ?? error;
    }
    const { Item } = await wallets.send(
      new GetCommand({ TableName: table, Key: { pk, sk: 'BALANCE' }, ConsistentRead: true }),
    );
    const { balance, currency } = Item as { balance: number; currency: string };
    return json(200, { transactionId, amount: body.amount, currency, balance, createdAt });
  },
  { persistenceStore, config },
);

/** Why a transaction was cancelled, when the caller can know. */
function refused(error: unknown): Refusal | undefined {
  if (!(error instanceof TransactionCanceledException)) return undefined;
  const code = error.CancellationReasons?.[0]?.Code;
  if (code === 'ConditionalCheckFailed') return new Refusal(409, 'INSUFFICIENT_BALANCE');
  if (code === 'TransactionConflict') return new Refusal(503, 'BUSY');
  return undefined;
}

function json(statusCode: number, body: unknown): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

// Lambda's managed Node runtime cannot be had outside of Lambda. This stands in for it: a loop over the Runtime API that
// hands events to the handler, with nothing of what the real one does besides.

import { Agent, request } from 'node:http';

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new Agent({ keepAlive: true });

/** Calls the Runtime API, and answers with the headers and the text that came back. */
const call = (method, path, body = '') =>
  new Promise((resolve, reject) => {
    const headers = method === 'GET' ? {} : { 'content-length': Buffer.byteLength(body) };
    const options = { agent, hostname, port, method, path: `/2018-06-01/runtime/${path}`, headers };
    const sent = request(options, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => resolve({ headers: answer.headers, text: Buffer.concat(chunks).toString() }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });

const failure = (error) =>
  JSON.stringify({ errorType: error?.name, errorMessage: error?.message, trace: error?.stack?.split('\n') });

const { handler } = await import('./handler.mjs').catch(async (error) => {
  await call('POST', 'init/error', failure(error));
  throw error;
});

for (;;) {
  const { headers, text } = await call('GET', 'invocation/next');
  const awsRequestId = headers['lambda-runtime-aws-request-id'];
  process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'] ?? '';
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const context = {
    awsRequestId,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  try {
    const answer = JSON.stringify(await handler(JSON.parse(text), context));
    await call('POST', `invocation/${awsRequestId}/response`, answer);
  } catch (error) {
    console.error(error);
    await call('POST', `invocation/${awsRequestId}/error`, failure(error));
  }
}

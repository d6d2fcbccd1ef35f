import { ok } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Duration } from 'holdfast'
import { until } from 'holdfast/testing'
import pg from 'pg'
import type { Bench, Table } from '../benchmark.ts'
import { type Signal, startCollector } from './collector.ts'
import type { Participant } from './participants.ts'
import { type Backends, type Server, startServer } from './start-server.ts'

/** A server under inspection. */
interface Inspected {
  readonly participant: Participant
  readonly server: Server
  readonly url: string
  /** The account that only this server uses. */
  readonly account: number
  /** The time after which a feature counts as missing. */
  readonly timeout: Duration
  /** The server's log lines so far. */
  readonly log: () => readonly LogLine[]
  /** Returns true if a text was in a request to the collector. */
  readonly hasReported: (signal: Signal, text: string) => boolean
  /** Returns the number that a statement selects. */
  readonly count: (text: string, value: number) => Promise<number>
}

type LogLine = Readonly<Record<string, unknown>>

/** Returns a short text about the result; throws if the feature is missing. */
type Check = (inspected: Inspected) => Promise<string>

const checks: Readonly<Record<string, Check>> = {
  'ETag, and 304': checkEntityTag,
  'request id': checkRequestId,
  problems: checkProblems,
  'one log line': checkLogLine,
  'a key replays': checkKey,
  'its job runs once': checkJob,
  spans: checkSpans,
  metrics: checkMetrics,
}

/**
 * Starts each of the servers, and checks that it has the same features as the others. Throws if a
 * server on Node lacks a feature. On other runtimes, a missing feature is a result.
 */
export async function checkFeatures(
  participants: readonly Participant[],
  backends: Backends,
  bench: Bench,
): Promise<Table> {
  bench.notify('What the servers on equal footing do')
  const rows: (readonly string[])[] = []
  for (const [index, participant] of participants.entries())
    rows.push(await inspect(participant, index + 1, { backends, bench }))
  return {
    title: 'Equal footing: the features for which each server was checked',
    columns: [{ heading: 'server' }, ...Object.keys(checks).map((heading) => ({ heading }))],
    rows,
  }
}

interface Surroundings {
  readonly backends: Backends
  readonly bench: Bench
}

async function inspect(
  participant: Participant,
  account: number,
  { backends, bench }: Surroundings,
): Promise<readonly string[]> {
  bench.notify(participant.name)
  const reported: Record<Signal, string> = { traces: '', metrics: '' }
  let stdout = ''
  const collector = await startCollector((signal, body) => void (reported[signal] += body))
  const client = new pg.Client({ connectionString: backends.postgresUrl })
  await client.connect()
  const server = await startServer(
    { ...participant, sends: participant.traces === true },
    { ...backends, collector: collector.endpoint },
    {
      processes: bench.processes,
      env: { ...impatient, WORKER: 'on' },
      onStdout: (chunk) => void (stdout += chunk),
    },
  )
  const inspected: Inspected = {
    participant,
    server,
    url: `http://127.0.0.1:${server.port}`,
    account,
    // A missing feature on Node ends the run, so the timeout is long there.
    timeout: participant.runtime === undefined ? '4m' : '20s',
    log: () => linesOf(stdout),
    hasReported: (signal, text) => reported[signal].includes(text),
    count: async (text, value) =>
      Number((await client.query<{ count: string }>(text, [value])).rows[0]!.count),
  }
  try {
    const cells: string[] = []
    for (const check of Object.values(checks)) cells.push(await tryCheck(check, inspected))
    return [participant.name, ...cells]
  } finally {
    await bench.processes.stop(server.child)
    await client.end()
    await collector.stop()
  }
}

/** Settings for sending telemetry almost immediately. */
const impatient = {
  OTEL_BSP_SCHEDULE_DELAY: '100',
  OTEL_METRIC_EXPORT_INTERVAL: '500',
  OTEL_METRIC_EXPORT_TIMEOUT: '500',
}

async function tryCheck(check: Check, inspected: Inspected): Promise<string> {
  const { name, runtime } = inspected.participant
  try {
    return await check(inspected)
  } catch (error) {
    if (runtime === undefined)
      throw new Error(`${name} lacks a feature that the other participants have.`, { cause: error })
    return `no: ${error instanceof Error ? error.message : String(error)}`
  }
}

async function checkEntityTag({ url }: Inspected): Promise<string> {
  const first = await fetch(`${url}/hello`)
  const tag = first.headers.get('etag')
  ok(first.status === 200 && tag !== null, 'a response has no ETag')
  const again = await fetch(`${url}/hello`, { headers: { 'if-none-match': tag! } })
  ok(again.status === 304, `a request with a matching If-None-Match gets a ${again.status}`)
  return 'yes'
}

async function checkRequestId({ url }: Inspected): Promise<string> {
  const own = await fetch(`${url}/hello`)
  ok(/^[\da-f-]{36}$/.test(own.headers.get('x-request-id') ?? ''), 'a response has no request id')
  const given = randomUUID()
  const other = await fetch(`${url}/hello`, { headers: { 'x-request-id': given } })
  ok(other.headers.get('x-request-id') === given, 'the request id of a client is not kept')
  return 'yes'
}

async function checkProblems(inspected: Inspected): Promise<string> {
  const { url } = inspected
  requireProblem(await fetch(`${url}/nowhere`), 404)
  requireProblem(await fetch(`${url}/accounts/none`), 422)
  requireProblem(await post(inspected, { account: 'none', amount: 1 }), 422)
  requireProblem(await post(inspected, { account: 1, amount: 1 }, {}), 400)
  return 'yes'
}

async function checkLogLine({ url, log, timeout, participant: { traces } }: Inspected): Promise<string> {
  const requestId = randomUUID()
  await fetch(`${url}/accounts/1`, { headers: { 'x-request-id': requestId } })
  const linesOfIt = (): readonly LogLine[] => log().filter((line) => line['requestId'] === requestId)
  await until(() => linesOfIt().length > 0, { timeout })
  // If the request had a second log line, it would be written before the lines of the next request.
  const next = randomUUID()
  await fetch(`${url}/accounts/1`, { headers: { 'x-request-id': next } })
  await until(() => log().some((line) => line['requestId'] === next), { timeout })
  const [line, ...others] = linesOfIt()
  ok(others.length === 0, 'a request has several log lines')
  const { level, operation, method, status, msg } = line!
  const fields = JSON.stringify([level, operation, method, status])
  ok(fields === '["info","readAccount","GET",200]', `the fields of its log line are ${fields}`)
  ok(String(msg).startsWith('GET /accounts/'), `the message of its log line is ${String(msg)}`)
  for (const field of ['time', 'route', 'durationMs', ...(traces === true ? ['traceId', 'spanId'] : [])])
    ok(line![field] !== undefined, `its log line contains no ${field}`)
  return 'yes'
}

async function checkKey(inspected: Inspected): Promise<string> {
  const { account } = inspected
  const countTransfers = (): Promise<number> =>
    inspected.count('select count(*) from transfers where account = $1', account)
  const key = { 'idempotency-key': randomUUID() }
  const before = await countTransfers()
  const first = await post(inspected, { account, amount: 5 }, key)
  const again = await post(inspected, { account, amount: 5 }, key)
  ok(first.status === 200 && again.status === 200, `${first.status} and ${again.status}`)
  ok((await first.text()) === (await again.text()), 'a replayed answer has other bytes')
  ok(again.headers.get('idempotency-replayed') === 'true', 'a replayed answer is not marked')
  ok((await countTransfers()) === before + 1, 'a repeated request is executed again')
  requireProblem(await post(inspected, { account, amount: 6 }, key), 422)
  return 'yes'
}

async function checkJob(inspected: Inspected): Promise<string> {
  const { account, count, timeout } = inspected
  const made = await post(inspected, { account, amount: 7 })
  const { id } = (await made.json()) as { id: number }
  const countReceipts = (transfer: number): Promise<number> =>
    count('select count(*) from receipts where transfer = $1', transfer)
  await until(async () => (await countReceipts(id)) > 0, { timeout })
  // Jobs run in order here, so if the first job ran twice, its second run would have ended before
  // the next job.
  const next = (await (await post(inspected, { account, amount: 7 })).json()) as { id: number }
  await until(async () => (await countReceipts(next.id)) > 0, { timeout })
  ok((await countReceipts(id)) === 1, 'a job runs several times')
  return 'yes'
}

async function checkSpans({ hasReported, timeout, participant: { traces } }: Inspected): Promise<string> {
  if (traces !== true) return 'none'
  // The span of the request, and the span of a statement in its transaction.
  for (const text of ['POST /transfers', 'insert into transfers'])
    await until(() => hasReported('traces', text), { timeout, what: `a span with the text "${text}"` })
  return 'yes'
}

async function checkMetrics({ hasReported, server, timeout, participant }: Inspected): Promise<string> {
  if (participant.traces === true) {
    const name = 'http.server.request.duration'
    await until(() => hasReported('metrics', name), { timeout, what: `the metric ${name}` })
    return 'sent'
  }
  const port = participant.server === 'holdfast' ? server.metricsPort : server.port
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const series = /^http_server_request_duration_seconds_count\{[^}]*transfers[^}]*\} [1-9]/m
  ok(series.test(page), 'the metrics do not count its requests')
  return 'scraped'
}

function post(
  { url }: Inspected,
  body: unknown,
  key: Readonly<Record<string, string>> = { 'idempotency-key': randomUUID() },
): Promise<Response> {
  const headers = { 'content-type': 'application/json', ...key }
  return fetch(`${url}/transfers`, { method: 'POST', headers, body: JSON.stringify(body) })
}

function requireProblem({ status, headers }: Response, expected: number): void {
  ok(status === expected, `a failure gets a ${status} instead of ${expected}`)
  const type = headers.get('content-type') ?? ''
  ok(type.startsWith('application/problem+json'), `a failure has the content type ${type}`)
  ok(headers.has('x-request-id'), 'a failure has no request id')
}

/** Returns the complete lines of a log. */
function linesOf(stdout: string): readonly LogLine[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine)
}

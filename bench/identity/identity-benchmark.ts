import { createPrivateKey, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestPostgres } from 'holdfast/testing'
import pg from 'pg'
import type { Bench, Benchmark, Table } from '../benchmark.ts'
import { firstAnswer } from '../first-answer.ts'
import { freePort } from '../free-port.ts'
import { load, type Throughput } from '../http/load.ts'
import { interleave } from '../interleave.ts'
import { median, medianRatio } from '../median.ts'
import { productionEnv } from '../production-env.ts'
import { floodTable } from './flood.ts'

interface Caller {
  readonly name: string
  readonly path: string
  /** The headers of the requests, which take turns. */
  readonly headers: readonly Readonly<Record<string, string>>[]
}

// At 20,000 requests per second, each of these sessions is used once in two seconds: its caller has
// left the cache by then.
const manySessions = 40_000

/** The cost of knowing the caller, and of signing in. */
export const identityBenchmark: Benchmark = async (bench) => {
  const postgres = await startTestPostgres()
  bench.atEnd(() => postgres.stop())
  await prepare(postgres.tcpUrl)
  const { keySet, token } = createIssuer()
  const env = {
    ...productionEnv,
    DATABASE_URL: postgres.tcpUrl,
    KEY_SET: keySet,
    SECRET_KEYS: randomBytes(32).toString('base64url'),
    TRUSTED_PROXIES: '127.0.0.1',
  }
  const start = async (core?: number): Promise<{ readonly pid: number; readonly port: number }> => {
    const port = await freePort()
    const child = bench.processes.start(
      [process.execPath, join(import.meta.dirname, 'servers', 'holdfast.ts')],
      {
        env: { ...env, PORT: String(port) },
        ...(core === undefined ? {} : { core }),
      },
    )
    await firstAnswer(child, `http://127.0.0.1:${port}/hello`)
    return { pid: child.pid!, port }
  }
  return [
    await callersTable(await start(0), { token, databaseUrl: postgres.tcpUrl }, bench),
    await floodTable(await start(), bench),
  ]
}

async function prepare(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`
    create table accounts (id int primary key, name text not null, balance int not null);
    insert into accounts select n, 'account ' || n, 0 from generate_series(1, 1000) as n`)
  await client.end()
}

/** Returns the key set of an issuer, and a token of a user that is valid for an hour. */
function createIssuer(): { readonly keySet: string; readonly token: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const keySet = JSON.stringify({
    keys: [{ ...publicKey.export({ format: 'jwk' }), kid: '1', alg: 'EdDSA' }],
  })
  const now = Math.floor(Date.now() / 1_000)
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
  const claims = {
    iss: 'https://issuer.example',
    aud: 'https://bench.example',
    sub: 'ann',
    iat: now,
    exp: now + 3_600,
  }
  const signed = `${encode({ alg: 'EdDSA', typ: 'at+jwt', kid: '1' })}.${encode(claims)}`
  const key = createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }))
  return { keySet, token: `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}` }
}

async function callersTable(
  server: { readonly pid: number; readonly port: number },
  { token, databaseUrl }: { readonly token: string; readonly databaseUrl: string },
  bench: Bench,
): Promise<Table> {
  bench.notify('Reading one row, by caller')
  const own = '/own/accounts/1'
  const { key } = (await (await post(server.port, '/keys')).json()) as { key: string }
  const cookies = await beginSessions(server.port, databaseUrl)
  const anonymous: Caller = { name: 'anonymous', path: '/accounts/1', headers: [{}] }
  const callers: readonly Caller[] = [
    anonymous,
    { name: 'one session, cached', path: own, headers: [{ cookie: cookies[0]! }] },
    { name: 'one API key, cached', path: own, headers: [{ authorization: `Bearer ${key}` }] },
    { name: 'one token (EdDSA), cached', path: own, headers: [{ authorization: `Bearer ${token}` }] },
    {
      name: `${manySessions.toLocaleString('en')} sessions, read from Postgres`,
      path: own,
      headers: cookies.map((cookie) => ({ cookie })),
    },
  ]
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
  bench.atEnd(() => rm(folder, { recursive: true }))
  const figures = await interleave(callers, bench, async ({ path, headers }) => {
    const headersFile = join(folder, 'headers.json')
    await writeFile(headersFile, JSON.stringify(headers))
    return load(bench.processes, { ...server, path, headersFile, seconds: bench.seconds })
  })
  const cpuOf = (caller: Caller): readonly number[] =>
    figures.get(caller)!.map(({ cpuMicroseconds }: Throughput) => cpuMicroseconds)
  const rateOf = (caller: Caller): readonly number[] =>
    figures.get(caller)!.map(({ perSecond }: Throughput) => perSecond)
  return {
    title: 'Reading one row, by caller',
    columns: [
      { heading: 'caller' },
      { heading: 'CPU per request µs', isFigure: true },
      { heading: '÷ anonymous', isFigure: true },
      { heading: 'requests/s', isFigure: true },
      { heading: '÷ anonymous', isFigure: true },
    ],
    rows: callers.map((caller) => [
      caller.name,
      median(cpuOf(caller)).toFixed(0),
      medianRatio(cpuOf(caller), cpuOf(anonymous)).toFixed(2),
      median(rateOf(caller)).toFixed(0),
      medianRatio(rateOf(caller), rateOf(anonymous)).toFixed(2),
    ]),
  }
}

/** Begins many sessions: one through the service, and copies of its row with further tokens. */
async function beginSessions(port: number, databaseUrl: string): Promise<readonly string[]> {
  const response = await post(port, '/sessions')
  const [first] = response.headers.getSetCookie()
  const [name] = first!.split('=', 1)
  const tokens = Array.from({ length: manySessions }, () => randomBytes(32).toString('base64url'))
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(
    `insert into holdfast.sessions
       select (jsonb_populate_record(s, jsonb_build_object(
         'id', gen_random_uuid(), 'token_hash', sha256(convert_to(token, 'UTF8'))))).*
       from holdfast.sessions as s, unnest($1::text[]) as token`,
    [tokens],
  )
  await client.query('vacuum analyze holdfast.sessions')
  await client.end()
  return [first!.split(';', 1)[0]!, ...tokens.map((token) => `${name}=${token}`)]
}

async function post(port: number, path: string): Promise<Response> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'idempotency-key': randomUUID() },
  })
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`)
  return response
}

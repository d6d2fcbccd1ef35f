import { randomUUIDv7 } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMigratedDatabase } from '../../src/testing/template.ts'
import type pg from 'pg'
import { overTcp } from '../../test/over-tcp.ts'
import type { TestServer } from '../../test/test-server.ts'
import { type CheckpointProcess, type LoadedProcess, loadCheckpointProcess } from './checkpoint-process.ts'
import { DriverClient } from '../../src/storage/postgres/session/driver-client.ts'

/** The input of a request that records effects. */
export interface Recording {
  readonly name: string
  readonly isRefused?: boolean
  readonly isUnsafe?: boolean
}

/** A final response. */
export interface FinalAnswer {
  readonly status: number
  readonly body: string
}

/** A database for one program, with the third party and the broker called by the program. */
export interface Lane extends AsyncDisposable {
  /** A client for the test to inspect the database with, independently of the program. */
  readonly looking: pg.Client
  /** The keys of calls to the bank, by the name of the run. */
  readonly bankKeys: ReadonlyMap<string, ReadonlySet<string>>
  /** Loads the program. As `api` it only answers requests; as `worker` it also runs jobs. */
  load(role: 'api' | 'worker'): Promise<LoadedProcess>
  /** Starts the program. */
  start(role: 'api' | 'worker'): Promise<CheckpointProcess>
}

/** Opens a lane. Without `nats`, messages are not relayed. */
export async function openLane(nats?: TestServer): Promise<Lane> {
  const database = await createMigratedDatabase()
  const looking = new DriverClient({ connectionString: database.url })
  await looking.connect()
  const bankKeys = new Map<string, Set<string>>()
  const bank = createServer((request, response) => {
    const name = String(request.headers['name'])
    const keys = bankKeys.get(name) ?? new Set()
    bankKeys.set(name, keys.add(String(request.headers['idempotency-key'])))
    response.end('paid')
  })
  await once(bank.listen(0, '127.0.0.1'), 'listening')
  // The checkpoints are counted on TCP connections.
  const databaseUrl = overTcp(database.url)
  const ports = [Number(databaseUrl.port), ...(nats ? [nats.port] : [])]
  const env = {
    DATABASE_URL: databaseUrl.href,
    BANK_URL: `http://127.0.0.1:${(bank.address() as AddressInfo).port}`,
    ...(nats ? { NATS_URL: `nats://127.0.0.1:${nats.port}` } : {}),
  }
  const loaded: LoadedProcess[] = []

  async function load(role: 'api' | 'worker'): Promise<LoadedProcess> {
    const main = new URL('./checkpoints-main.ts', import.meta.url)
    const process = await loadCheckpointProcess(main, { env: { ...env, ROLE: role }, ports })
    loaded.push(process)
    return process
  }

  return {
    looking,
    bankKeys,
    load,
    start: async (role) => (await load(role)).begin(),
    async [Symbol.asyncDispose]() {
      await Promise.all(loaded.map((process) => process.kill()))
      await looking.end()
      await database.drop()
      bank.closeAllConnections()
      bank.close()
    },
  }
}

/** Sends a request once. Rejects if the process dies during the request. */
export async function send(
  { url }: CheckpointProcess,
  { name, isRefused = false, isUnsafe = false }: Recording,
  key: string = randomUUIDv7(),
): Promise<FinalAnswer> {
  const response = await fetch(`${url}/records`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': `"${key}"` },
    body: JSON.stringify({ name, isRefused, isUnsafe }),
    signal: AbortSignal.timeout(30_000),
  })
  return { status: response.status, body: await response.text() }
}

import { chown, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { createLogger } from 'holdfast'
import { type EmbeddedPostgres, startEmbeddedPostgres } from 'holdfast/embedded'
import { until } from 'holdfast/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestAuthority } from '../../../../test/certificates.ts'
import { overTcp } from '../../../../test/over-tcp.ts'
import { createTestFolder } from '../../../testing/test-folder.ts'
import { systemWork } from '../../../kernel/host/work.ts'
import { connectClient } from './connect-client.ts'
import { DriverClient } from './driver-client.ts'
import { createPool, type Pool } from '../pool/pool.ts'

// A server that only accepts encrypted connections, with a certificate from a private certificate
// authority.
const authority = createTestAuthority()
const stranger = createTestAuthority('Stranger')
const log = createLogger({ level: 'error', write: () => {} })
let directory: string
let folder: string
let server: EmbeddedPostgres
let authorityFile: string

beforeAll(async () => {
  directory = await createTestFolder()
  folder = await mkdtemp(join(tmpdir(), 'holdfast-certificates-'))
  authorityFile = join(folder, 'authority.pem')
  await writeFile(authorityFile, authority.certificate)
  await writeFile(join(folder, 'stranger.pem'), stranger.certificate)
  server = await startEmbeddedPostgres({ directory, settings: { fsync: 'off' } })
  const data = join(server.directory, 'data')
  const { uid, gid } = await stat(data)
  const { certificate, key } = authority.issue('localhost')
  for (const [name, text] of [
    ['server.crt', certificate],
    ['server.key', key],
  ] as const) {
    await writeFile(join(data, name), text, { mode: 0o600 })
    await chown(join(data, name), uid, gid)
  }
  const client = new DriverClient({ connectionString: server.url })
  await client.connect()
  await client.query('alter system set ssl = on')
  const rules = await readFile(join(data, 'pg_hba.conf'), 'utf8')
  await writeFile(join(data, 'pg_hba.conf'), rules.replaceAll(/^host\b/gm, 'hostssl'))
  await client.query('select pg_reload_conf()')
  await until(() => connects({}).then((is) => !is))
  await client.end()
})

afterAll(async () => {
  await server.stop()
  await rm(directory, { recursive: true })
  await rm(folder, { recursive: true })
})

/**
 * Returns the URL of the server with parameters, by default with the host name of its certificate.
 */
function urlOf(parameters: Readonly<Record<string, string>>, host = 'localhost'): string {
  const url = overTcp(server.url)
  url.hostname = host
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

async function connects(parameters: Readonly<Record<string, string>>, host?: string): Promise<boolean> {
  try {
    const client = await connectClient({
      connectionString: urlOf(parameters, host),
      applicationName: 'encrypted',
    })
    const { rows } = await client.query<{ ssl: boolean }>(
      'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
    )
    await client.end()
    expect(rows[0]!.ssl).toBe(parameters['sslmode'] !== undefined)
    return true
  } catch {
    return false
  }
}

describe('sslmode', () => {
  const own = (): string => authorityFile
  const other = (): string => join(folder, 'stranger.pem')
  const cases: readonly [mode: string, host: string, root: (() => string) | undefined, does: boolean][] = [
    ['disable', 'localhost', undefined, false],
    ['require', 'localhost', undefined, true],
    ['require', '127.0.0.1', undefined, true],
    ['require', '127.0.0.1', own, true],
    ['require', 'localhost', other, false],
    ['verify-ca', '127.0.0.1', own, true],
    ['verify-ca', 'localhost', other, false],
    ['verify-ca', 'localhost', undefined, false],
    ['verify-full', 'localhost', own, true],
    ['verify-full', '127.0.0.1', own, false],
    ['verify-full', 'localhost', other, false],
    ['verify-full', 'localhost', undefined, false],
    ['prefer', 'localhost', own, false],
  ]

  test.each(cases)('sslmode %s, host %s', async (...[sslmode, host, root, does]) => {
    const parameters = { sslmode, ...(root ? { sslrootcert: root() } : {}) }
    expect(await connects(parameters, host)).toBe(does)
  })

  test('direct TLS starts without a negotiation request', async () => {
    const parameters = { sslmode: 'verify-full', sslrootcert: authorityFile, sslnegotiation: 'direct' }
    expect(await connects(parameters)).toBe(true)
  })
})

/**
 * A proxy for the server. It records the bytes that clients send, and can answer in the server's
 * place.
 */
interface Recorder extends AsyncDisposable {
  readonly port: number
  /** The bytes of each connection, in the order in which the connections were opened. */
  readonly received: readonly Buffer[][]
}

async function record(answer: (socket: Socket, index: number) => boolean): Promise<Recorder> {
  const received: Buffer[][] = []
  const sockets: Socket[] = []
  const listener = createServer((socket) => {
    const chunks: Buffer[] = []
    sockets.push(socket)
    socket.on('error', () => {})
    if (answer(socket, received.push(chunks) - 1)) return
    const upstream = connect(Number(new URL(server.url).port), '127.0.0.1')
    upstream.on('error', () => socket.end())
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.pipe(upstream).pipe(socket)
  })
  await new Promise<void>((resolve) => listener.listen(0, 'localhost', resolve))
  return {
    port: (listener.address() as AddressInfo).port,
    received,
    [Symbol.asyncDispose]: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => listener.close(() => resolve()))
    },
  }
}

describe.each(['postgres', 'direct'])('a statement over TLS (sslnegotiation=%s)', (sslnegotiation) => {
  const parameters = (): Record<string, string> => ({
    sslmode: 'verify-full',
    sslrootcert: authorityFile,
    sslnegotiation,
  })

  function poolThrough(port: number): Pool {
    const url = new URL(urlOf(parameters()))
    url.port = String(port)
    return createPool({ connectionString: url.href, max: 1, applicationName: 'cancelled', log })
  }

  test('a statement is cancelled over TLS, and its connection is kept', async () => {
    await using recorder = await record(() => false)
    const pool = poolThrough(recorder.port)
    const connection = await pool.acquire(systemWork(AbortSignal.timeout(240_000)))
    const slow = connection.run({ text: 'select pg_sleep(600)' })
    const failed = slow.catch((error: unknown) => error)
    // An attempt to interrupt times out quickly, so a busy machine may need several attempts.
    await until(() => connection.interrupt())
    expect(await failed).toMatchObject({ code: '57014' })
    expect((await connection.run({ text: 'select 1 as one' })).rows).toEqual([{ one: 1 }])
    connection.release()
    await pool.end()
    // Postgres accepts a cancel request in plain text even if it rejects all other plain-text
    // connections.
    const [, ...requests] = recorder.received.map((chunks) => Buffer.concat(chunks))
    expect(requests.length).toBeGreaterThan(0)
    for (const request of requests) {
      expect(request.length).toBeGreaterThan(100)
      expect(request.includes(cancelCode)).toBe(false)
    }
  })

  test('no cancel request is sent to a server that cannot be verified', async () => {
    const { certificate, key } = stranger.issue('localhost')
    const tls = { cert: certificate, key, ALPNProtocols: ['postgresql'], isServer: true }
    const told: Buffer[] = []
    const pretend = (socket: Socket): void => {
      const encrypted = new TLSSocket(socket, tls)
      encrypted.on('error', () => socket.destroy())
      encrypted.on('data', (chunk: Buffer) => told.push(chunk))
    }
    await using recorder = await record((socket, index) => {
      if (index === 0) return false
      if (sslnegotiation === 'direct') pretend(socket)
      else {
        socket.once('data', () => {
          socket.write('S')
          pretend(socket)
        })
      }
      return true
    })
    const pool = poolThrough(recorder.port)
    const connection = await pool.acquire(systemWork(AbortSignal.timeout(60_000)))
    const slow = connection.run({ text: 'select pg_sleep(60)' })
    slow.catch(() => {})
    expect(await connection.interrupt()).toBe(false)
    connection.destroy()
    await pool.end()
    expect(recorder.received.length).toBeGreaterThan(1)
    expect(Buffer.concat(told)).toEqual(Buffer.alloc(0))
  })
})

// The CancelRequest code, 80877102, as sent on the wire.
const cancelCode = Buffer.from('04d2162e', 'hex')

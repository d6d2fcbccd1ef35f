import { chown, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from 'holdfast'
import { type EmbeddedPostgres, startEmbeddedPostgres } from 'holdfast/embedded'
import { until } from 'holdfast/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestAuthority } from '../../../../test/certificates.ts'
import { createTestFolder } from '../../../testing/test-folder.ts'
import { systemWork } from '../../../kernel/host/work.ts'
import { connectClient } from './connect-client.ts'
import { DriverClient } from './driver-client.ts'
import { createPool } from '../pool/pool.ts'

// A server that only accepts encrypted connections, with a certificate of a private authority.
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
  const url = new URL(server.url)
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

  test.each(cases)('%s, host %s', async (...[sslmode, host, root, does]) => {
    const parameters = { sslmode, ...(root ? { sslrootcert: root() } : {}) }
    expect(await connects(parameters, host)).toBe(does)
  })

  test('direct TLS needs no question first', async () => {
    const parameters = { sslmode: 'verify-full', sslrootcert: authorityFile, sslnegotiation: 'direct' }
    expect(await connects(parameters)).toBe(true)
  })
})

describe.each(['postgres', 'direct'])('a statement over TLS (sslnegotiation=%s)', (sslnegotiation) => {
  test('is cancelled over TLS, and its connection stays', async () => {
    const connectionString = urlOf({ sslmode: 'verify-full', sslrootcert: authorityFile, sslnegotiation })
    const pool = createPool({ connectionString, max: 1, applicationName: 'cancelled', log })
    const connection = await pool.acquire(systemWork(AbortSignal.timeout(60_000)))
    const slow = connection.run({ text: 'select pg_sleep(60)' })
    const failed = slow.catch((error: unknown) => error)
    expect(await connection.interrupt()).toBe(true)
    expect(await failed).toMatchObject({ code: '57014' })
    expect((await connection.run({ text: 'select 1 as one' })).rows).toEqual([{ one: 1 }])
    connection.release()
    await pool.end()
  })
})

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes, randomUUID } from 'node:crypto'
import { createTestDatabase, until } from 'holdfast/testing'
import type pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { bundleProgram } from '../../../test/bundle-program.ts'
import { overTcp } from '../../../test/over-tcp.ts'
import {
  startVault,
  type VaultServer,
  type VaultServerOptions,
} from '../../platform/secrets/vault/vault-server.fixture.ts'
import { startReceiver } from '../../platform/telemetry/otlp/receiver.fixture.ts'
import { openDriverPool } from '../../storage/postgres/session/driver-client.ts'
import { driverSettings } from '../../storage/postgres/session/session-settings.ts'

const main = await bundleProgram(new URL('rotation-main.fixture.ts', import.meta.url))
const secretKey = (): string => randomBytes(32).toString('base64')
const canary = (): string => `canary${randomBytes(12).toString('hex')}`

async function openAdmin(connectionString: string): Promise<pg.Pool> {
  const pool = openDriverPool({
    connectionString,
    max: 2,
    sessionSettings: driverSettings({ isPooled: false }),
  })
  onTestFinished(() => pool.end())
  return pool
}

interface Program {
  readonly url: string
  readonly output: () => string
  stop(): Promise<unknown>
}

async function start(env: Readonly<Record<string, string>>): Promise<Program> {
  const child = fork(main.file, {
    execArgv: [...main.execArgv],
    env: { PATH: process.env['PATH'] ?? '', PORT: '0', SECRETS_REFRESH: '1s', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  child.stdout?.on('data', (chunk) => (output += String(chunk)))
  child.stderr?.on('data', (chunk) => (output += String(chunk)))
  onTestFinished(() => void child.kill('SIGKILL'))
  const closed = once(child, 'close')
  const [message] = (await Promise.race([once(child, 'message'), closed])) as [{ url: string } | number]
  if (typeof message !== 'object') throw new TypeError(`The program ended: ${output}`)
  return {
    url: message.url,
    output: () => output,
    async stop() {
      child.kill('SIGTERM')
      await closed
    },
  }
}

interface Answer {
  readonly status: number
  readonly text: string
}

async function call(
  url: string,
  path: string,
  sent?: readonly [key: string, body: unknown],
): Promise<Answer> {
  const response = await fetch(
    `${url}${path}`,
    sent === undefined
      ? {}
      : {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', 'Idempotency-Key': sent[0] },
          body: JSON.stringify(sent[1]),
        },
  )
  return { status: response.status, text: await response.text() }
}

/** Calls all the time, and returns the answers that are not a 200. */
function load(url: string) {
  const failures: Answer[] = []
  let calls = 0
  let isEnding = false
  const clients = Array.from({ length: 4 }, async () => {
    while (!isEnding) {
      const answers = [await call(url, '/user'), await call(url, '/sign', [randomUUID(), { name: 'a' }])]
      calls += answers.length
      failures.push(...answers.filter(({ status }) => status !== 200))
    }
  })
  return {
    failures,
    calls: () => calls,
    async end() {
      isEnding = true
      await Promise.all(clients)
    },
  }
}

async function setUp(
  options: VaultServerOptions = { leaseTtl: 600 },
): Promise<{ vault: VaultServer; admin: pg.Pool; at: string; database: string }> {
  const database = await createTestDatabase()
  onTestFinished(() => database.drop())
  const vault = await startVault(options)
  onTestFinished(() => vault[Symbol.asyncDispose]())
  const url = overTcp(database.url)
  return {
    vault,
    admin: await openAdmin(database.url),
    at: `${url.host}${url.pathname}${url.search}`,
    database: url.pathname.slice(1),
  }
}

test('passwords and keys change under load, no call fails, old sealed answers replay, and no secret is printed', async () => {
  const { vault, admin, at, database } = await setUp()
  const receiver = await startReceiver()
  const role = `rotating_${randomBytes(6).toString('hex')}`
  const [first, second] = [canary(), canary()]
  await admin.query(`create role ${role} login password '${first}'`)
  await admin.query(`grant all on database ${database} to ${role}`)
  await admin.query(`alter database ${database} owner to ${role}`)
  const keys = [secretKey(), secretKey()]
  const bank = [canary(), `${canary()}-longer`]
  const token = vault.addToken()
  const put = (password: string, secretKeys: string, key: string): void =>
    void vault.kv.set('secret/data/app', { user: role, password, keys: secretKeys, key })
  put(first, keys[0]!, bank[0]!)
  const program = await start({
    NODE_ENV: 'production',
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    VAULT_ADDR: vault.address,
    VAULT_TOKEN: token,
    DATABASE_URL_FROM: `postgres://{vault:secret/data/app#user}:{vault:secret/data/app#password}@${at}`,
    SECRET_KEYS_FROM: 'vault:secret/data/app#keys',
    BANK_KEY_FROM: 'vault:secret/data/app#key',
  })
  const key = randomUUID()
  const signed = await call(program.url, '/sign', [key, { name: 'ann' }])
  expect(signed.status).toBe(200)

  const loaded = load(program.url)
  // Postgres refuses the old password before Vault has the new one. New connections wait for Vault.
  const changed = Promise.withResolvers<void>()
  vault.gate = changed.promise
  await admin.query(`alter role ${role} password '${second}'`)
  put(second, keys.join(','), bank[1]!)
  changed.resolve()
  vault.gate = undefined
  await until(async () => (await call(program.url, '/user')).text.includes(`"length":${bank[1]!.length}`))
  put(second, keys.toReversed().join(','), bank[1]!)
  await until(() => program.output().split('"secret changed"').length > 4)
  const before = loaded.calls()
  await until(() => loaded.calls() > before + 100)
  await loaded.end()
  expect(loaded.failures).toEqual([])
  expect(await call(program.url, '/sign', [key, { name: 'ann' }])).toEqual(signed)

  // A list without the key in use is refused.
  put(second, secretKey(), bank[1]!)
  await until(() => program.output().includes('secret-key-in-use'))
  expect(await call(program.url, '/sign', [key, { name: 'ann' }])).toEqual(signed)

  const answers = [
    await call(program.url, '/fail', [randomUUID(), {}]),
    await call(program.url, '/sign', ['short', { name: 5 }]),
    await call(program.url, '/nowhere'),
    await call(program.url, '/health/ready'),
    await call(program.url, '/openapi.json'),
    await call(program.url, '/docs'),
  ]
  const activity = await admin.query('select * from pg_stat_activity')
  await program.stop()
  const tables = await admin.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
  )
  const rows = await Promise.all(
    tables.rows.map(async ({ name }) =>
      JSON.stringify((await admin.query(`select t::text from ${name} t`)).rows),
    ),
  )
  const everything = [
    program.output(),
    JSON.stringify(answers),
    JSON.stringify(activity.rows),
    JSON.stringify(receiver.requests),
    ...rows,
  ].join('\n')
  expect(receiver.requests.length).toBeGreaterThan(0)
  expect(rows.length).toBeGreaterThan(5)
  const shown = [first, second, ...keys, ...bank, token].filter((hidden) => everything.includes(hidden))
  expect(shown).toEqual([])
  expect(vault.faults).toEqual([])
})

test('users that Vault creates serve all calls in turns, and can be dropped once they are replaced', async () => {
  const suffix = randomBytes(6).toString('hex')
  const [group, owner] = [`shop_${suffix}`, `owner_${suffix}`]
  const issued: string[] = []
  const adminOf = Promise.withResolvers<pg.Pool>()
  // A lease cannot be renewed, so that each read after two thirds of a second creates a user.
  const { vault, admin, at, database } = await setUp({
    leaseTtl: 1,
    leaseMaxTtl: 0,
    async issue(role) {
      const user = { username: `v-${role}-${randomBytes(6).toString('hex')}`, password: canary() }
      const postgresOf = await adminOf.promise
      await postgresOf.query(
        `create role "${user.username}" login password '${user.password}' in role ${group}`,
      )
      issued.push(user.username)
      return user
    },
  })
  await admin.query(`create role ${group}; create role ${owner} login createrole password 'owner'`)
  await admin.query(`alter database ${database} owner to ${owner}`)
  adminOf.resolve(admin)
  const program = await start({
    NODE_ENV: 'production',
    VAULT_ADDR: vault.address,
    VAULT_TOKEN: vault.addToken(),
    DATABASE_URL_FROM: `postgres://{vault:database/creds/shop#username}:{vault:database/creds/shop#password}@${at}`,
    DATABASE_OWNER_URL: `postgres://${owner}:owner@${at}`,
    DATABASE_GROUP_ROLE: group,
    SECRET_KEYS: secretKey(),
    BANK_KEY: canary(),
  })
  const loaded = load(program.url)
  const userOf = async (): Promise<string> => {
    const { text } = await call(program.url, '/user')
    return (JSON.parse(text) as { user: string }).user
  }
  for (const previous of [0, 1]) {
    await until(async () => issued.indexOf(await userOf()) > previous)
    const sessions = `select from pg_stat_activity where usename = '${issued[previous]}'`
    await until(async () => (await admin.query(sessions)).rowCount === 0)
    // Nothing depends on a user of Vault: the migrations granted the rights to the group.
    await admin.query(`drop role "${issued[previous]}"`)
  }
  await loaded.end()
  await program.stop()
  const errors = program
    .output()
    .split('\n')
    .filter((line) => line.includes('"level":"error"'))
  expect([...errors, ...loaded.failures]).toEqual([])
  expect(vault.faults).toEqual([])
})

test('missing secret keys are reported before the database is opened, with all other errors', async () => {
  const failed = await start({
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
    LOG_LEVEL: 'loud',
  }).catch((error: unknown) => (error as Error).message)
  expect(failed).toContain('SECRET_KEYS is not set, and is needed by the sealed answers of sign.')
  expect(failed).toContain('BANK_KEY is not set')
  expect(failed).toContain('LOG_LEVEL is "loud"')
  expect(failed).not.toContain('Cannot connect')
})

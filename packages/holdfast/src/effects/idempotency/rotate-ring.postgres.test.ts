import { randomUUID, randomUUIDv7 } from 'node:crypto'
import { createLogger, systemClock } from 'holdfast'
import { type TestDatabase, until } from 'holdfast/testing'
import { createMigratedDatabase } from '../../testing/template.ts'
import type pg from 'pg'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createEffectsService } from '../../../test/effects/effects-service.ts'
import { leafCount, widthFor } from './key-ring.ts'
import { schemaEpoch } from '../../storage/postgres/queries/read-schema-epoch.ts'
import type { Work } from '../../kernel/host/work.ts'
import type { Connection } from '../../storage/postgres/session/connection.ts'
import { createPool } from '../../storage/postgres/pool/pool.ts'
import { lockLeaf, renewSchemaEpoch, widenRing } from './queries/ring.ts'
import { openKeyRing, startRotation } from './rotate-ring.ts'
import { storeAnswer } from './queries/store-answer.ts'
import { DriverClient } from '../../storage/postgres/session/driver-client.ts'

const hourMs = 3_600_000

let database: TestDatabase
let client: pg.Client
const running: { stop(): Promise<void> }[] = []

beforeEach(async () => {
  database = await createMigratedDatabase()
  client = new DriverClient({ connectionString: database.url })
  await client.connect()
})

afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
  await client.end()
  await database.drop()
})

async function start(options: Parameters<typeof createEffectsService>[0] = {}) {
  const service = await createEffectsService(options).start({
    env: { DATABASE_URL: database.url },
    mode: 'test',
    clock: systemClock,
    log: createLogger({ level: 'error', write: () => {} }),
    notify: () => {},
  })
  running.push(service)
  const record = async (key: string, name = key): Promise<{ status: number; replayed: boolean }> => {
    const answer = await service.call({
      operation: 'record',
      input: { path: {}, query: {}, body: { name } },
      header: (header) => (header === 'idempotency-key' ? key : undefined),
    })
    return { status: answer.status, replayed: answer.headers['idempotency-replayed'] === 'true' }
  }
  return { record }
}

const count = async (text: string, values: readonly unknown[] = []): Promise<number> => {
  const { rows } = await client.query<{ count: number }>(`select count(*)::int ${text}`, [...values])
  return rows[0]!.count
}
const rowsIn = (leaf: number): Promise<number> => count(`from holdfast.idempotency_keys_${leaf}`)

/**
 * Sets the slot width so that the current slot has just begun, and returns the leaf of that slot.
 */
async function beginSlot(): Promise<number> {
  const { rows } = await client.query<{ now: string }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::bigint as now',
  )
  const now = Number(rows[0]!.now)
  // With this width, the current slot began ten minutes ago.
  const slot = Math.floor(now / (40 * hourMs))
  const width = Math.floor((now - 600_000) / slot)
  await client.query('update holdfast.idempotency_ring set width_ms = $1, since_ms = 0', [width])
  return slot % leafCount
}

test('the leaf of the next slot is truncated, and every other leaf is kept', async () => {
  await start()
  const leaf = await beginSlot()
  const next = (leaf + 1) % leafCount
  for (let each = 0; each < leafCount; each += 1)
    await client.query(
      `insert into holdfast.idempotency_keys_${each} (id, service, scope, key, fingerprint, status, headers)
       values (gen_random_uuid(), '', '', '', '', 200, '{}')`,
    )
  for (let each = 0; each < leafCount; each += 1)
    await client.query(
      `insert into holdfast.idempotency_subjects_${each} (subject, service, id)
       values (gen_random_uuid(), '', gen_random_uuid())`,
    )
  await start({ pruneEvery: '20ms' })
  await until(async () => (await rowsIn(next)) === 0)
  expect(await count('from holdfast.idempotency_keys')).toBe(leafCount - 1)
  for (let each = 0; each < leafCount; each += 1)
    expect(await count(`from holdfast.idempotency_subjects_${each}`)).toBe(each === next ? 0 : 1)
})

test('a reader of the leaf delays only its truncation', async () => {
  await start()
  const next = ((await beginSlot()) + 1) % leafCount
  await client.query(
    `insert into holdfast.idempotency_keys_${next} (id, service, scope, key, fingerprint, status, headers)
     values (gen_random_uuid(), '', '', '', '', 200, '{}')`,
  )
  const dump = new DriverClient({ connectionString: database.url })
  await dump.connect()
  await dump.query('begin')
  await dump.query('select count(*) from holdfast.idempotency_keys')
  const service = await start({ pruneEvery: '20ms' })
  for (let n = 0; n < 10; n += 1) expect(await service.record(randomUUID())).toMatchObject({ status: 201 })
  expect(await rowsIn(next)).toBe(1)
  await dump.query('commit')
  await dump.end()
  await until(async () => (await rowsIn(next)) === 0)
})

test('a leaf is not truncated if the ring is widened before it is locked', async () => {
  await start()
  const next = ((await beginSlot()) + 1) % leafCount
  await client.query(
    `insert into holdfast.idempotency_keys_${next} (id, service, scope, key, fingerprint, status, headers)
     values (gen_random_uuid(), '', '', '', '', 200, '{}')`,
  )
  const log = createLogger({ level: 'error', write: () => {} })
  const pool = createPool({ connectionString: database.url, applicationName: 'racing', log })
  const ring = await openKeyRing(pool, hourMs)
  let passes = 0
  const acquire = async (work: Work): Promise<Connection> => {
    const connection = await pool.acquire(work)
    const run = connection.run.bind(connection)
    connection.run = async (statement) => {
      if (statement.text.startsWith('BEGIN'))
        await client.query('update holdfast.idempotency_ring set width_ms = width_ms + 1')
      return (await run(statement)) as never
    }
    const flush = connection.flush.bind(connection)
    connection.flush = (last, after) => {
      const sent = flush(last, after)
      void Promise.allSettled(sent).then(() => (passes += 1))
      return sent
    }
    return connection
  }
  const rotation = startRotation({ pool: { ...pool, acquire }, ring, clock: systemClock, log, everyMs: 10 })
  await until(() => passes > 0)
  await rotation.stop()
  await pool.end()
  expect(await rowsIn(next)).toBe(1)
})

test('the ring is not widened while one of its leaves is truncated', async () => {
  await start()
  const other = new DriverClient({ connectionString: database.url, options: '-c lock_timeout=100' })
  await other.connect()
  await client.query('begin')
  const { text, values = [] } = lockLeaf(0)
  await client.query({ text, values: [...values] })
  const { text: widen } = widenRing(0)
  await expect(other.query(widen, [400 * hourMs])).rejects.toMatchObject({ code: '55P03' })
  await client.query('rollback')
  await other.end()
})

test('a longer retention widens the slots, and earlier answers are still replayed', async () => {
  const short = await start()
  const [made, opaque] = [randomUUIDv7(), randomUUID()]
  await short.record(made)
  await short.record(opaque)
  const long = await start({ retention: '60d' })
  expect(
    await count('from holdfast.idempotency_ring where width_ms = $1', [widthFor(60 * 24 * hourMs)]),
  ).toBe(1)
  for (const service of [long, short])
    for (const key of [made, opaque])
      expect(await service.record(key)).toEqual({ status: 201, replayed: true })
  expect(await count('from effects')).toBe(2)
})

test('a process with the earlier width cannot commit', async () => {
  const before = await start()
  await before.record(randomUUID())
  const after = await start({ retention: '60d' })
  // Both processes use the same key, so there must be exactly one effect, regardless of their
  // layouts.
  for (let n = 0; n < 10; n += 1) {
    const key = randomUUIDv7()
    const answers = await Promise.all([before.record(key, key), after.record(key, key)])
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThan(0)
    expect(await count('from effects where name = $1', [key])).toBe(1)
  }
})

test('an answer is not stored if the layout has changed since its attempt began', async () => {
  await start()
  const { rows } = await client.query<{ epoch: number }>(`select ${schemaEpoch} as epoch`)
  const key = { service: 'effects', scope: '', key: 'a', fingerprint: Buffer.from('01') }
  const store = (id: string): Promise<unknown> => {
    const answer = { ...key, id, status: 201, headers: {}, body: null, subjects: [] }
    const { text, values = [] } = storeAnswer(answer, [0], { marker: undefined, epoch: rows[0]!.epoch })
    return client.query({ text, values: [...values] })
  }
  await store(randomUUID())
  await client.query(renewSchemaEpoch().text)
  await expect(store(randomUUID())).rejects.toMatchObject({ code: '40001' })
  expect(await rowsIn(0)).toBe(1)
})

test('a key that is not a UUIDv7 is found across the boundary of two slots', async () => {
  await start()
  const { rows } = await client.query<{ now: string }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::bigint as now',
  )
  // The current slot has just begun: attempts write to it and to the previous slot.
  const slot = Math.floor(Number(rows[0]!.now) / (40 * hourMs))
  const width = Math.floor((Number(rows[0]!.now) - 1_000) / slot)
  await client.query('update holdfast.idempotency_ring set width_ms = $1', [width])
  const service = await start()
  const key = randomUUID()
  await service.record(key)
  expect(await rowsIn(slot % leafCount)).toBe(1)
  expect(await rowsIn((slot - 1) % leafCount)).toBe(1)
  expect(await count('from holdfast.idempotency_keys')).toBe(1)
  expect(await service.record(key)).toEqual({ status: 201, replayed: true })
})

test('a process whose clock was wrong locates its key again', async () => {
  const service = await start()
  const { rows } = await client.query<{ leaf: number }>(
    `select floor(extract(epoch from now()) * 1000 / width_ms)::int % ${leafCount} as leaf from holdfast.idempotency_ring`,
  )
  const [{ leaf }] = rows as [{ leaf: number }]
  const now = performance.now.bind(performance)
  // A jump of three slots, as can happen to the monotonic clock of a machine that slept.
  const jump = vi.spyOn(performance, 'now').mockImplementation(() => now() + 3 * widthFor(7 * 24 * hourMs))
  try {
    expect(await service.record(randomUUID())).toEqual({ status: 201, replayed: false })
  } finally {
    jump.mockRestore()
  }
  expect(await rowsIn(leaf)).toBe(1)
})

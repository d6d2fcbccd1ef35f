import { randomUUIDv7 } from 'node:crypto'
import { createLogger, holdfast, systemClock } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { systemWork } from '../../kernel/host/work.ts'
import { DriverClient } from '../../storage/postgres/session/driver-client.ts'
import { createPool } from '../../storage/postgres/pool/pool.ts'
import type { KeyClaim } from './key-claim.ts'
import { keyIdOf, lockIdOf } from './key-id.ts'
import { storeAnswer } from './queries/store-answer.ts'
import { resolveCommit } from './resolve-commit.ts'
import { openKeyRing } from './rotate-ring.ts'

const { service } = holdfast({ database: postgres() })

test('the outcome of a transaction is unknown until it has released the lock of its key', async () => {
  await using on = await createTestService(service({ name: 'resolving', operations: {} }), { worker: false })
  const log = createLogger({ level: 'error', write: () => {} })
  const pool = createPool({ connectionString: on.databaseUrl, applicationName: 'resolving', log })
  const client = new DriverClient({ connectionString: on.databaseUrl })
  await client.connect()
  try {
    const ring = await openKeyRing(pool, 86_400_000)
    const key = { service: 'resolving', scope: '', key: randomUUIDv7() }
    const id = keyIdOf(key.service, key.scope, key.key)
    const fingerprint = Buffer.from('01')
    const claim: KeyClaim = { ...key, id, lockId: lockIdOf(id), madeAtMs: undefined, fingerprint }
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock($1::bigint)', [claim.lockId])
    const answer = { ...key, id, fingerprint, status: 201, headers: {}, body: null, subjects: [] }
    const check = { marker: undefined, epoch: undefined }
    const { text, values = [] } = storeAnswer(answer, ring.locate(undefined).write, check)
    await client.query({ text, values: [...values] })

    let looks = 0
    let isResolved = false
    const counting: typeof pool = {
      ...pool,
      acquire(work) {
        looks += 1
        return pool.acquire(work)
      },
    }
    const { span, usage } = systemWork(AbortSignal.timeout(60_000))
    const parts = { pool: counting, ring, clock: systemClock, log, timeoutMs: 60_000, span, usage }
    const resolved = resolveCommit(claim, parts).finally(() => (isResolved = true))
    await until(() => looks > 1 || isResolved)
    expect(isResolved).toBe(false)
    await client.query('commit')
    expect(await resolved).toMatchObject({ status: 201 })
  } finally {
    await client.end()
    await pool.end()
  }
})

import { holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { systemClock } from '../../../kernel/base/clock.ts'
import { createLogger } from '../../../kernel/base/log.ts'
import { createPool } from '../../../storage/postgres/pool/pool.ts'
import { startLeaderTasks } from './leader-tasks.ts'
import type { Waker } from '../../wakes/waker.ts'

const { job, service } = holdfast({ database: postgres() })
const limited = job({ name: 'limited', input: z.object({}), concurrency: { limit: 1 }, run: () => {} })
const tested = service({ name: 'led', operations: {}, jobs: [limited] })

test('a leader does not admit jobs of a name that only other processes or engines run', async () => {
  await using on = await createTestService(tested, { worker: false })
  await on.sql(`
    insert into holdfast.jobs (id, service, name, input, state, limit_key, run_at)
    values (gen_random_uuid(), 'led', 'limited', '{}', 'scheduled', '', now())`)
  const lines: string[] = []
  const log = createLogger({ level: 'warn', write: (line) => lines.push(line) })
  const sent: string[] = []
  const waker: Waker = {
    isListening: true,
    session: null,
    send: (kind, names) => void sent.push(`${kind}: ${[...names].join()}`),
    listen: () => () => {},
    close: async () => {},
  }
  const pool = createPool({ connectionString: on.databaseUrl, applicationName: 'leader', log })
  const tasks = startLeaderTasks({
    service: 'led',
    // This process has no jobs, as if another engine ran all of them.
    jobs: new Map(),
    pool,
    clock: systemClock,
    log,
    waker,
    leadership: { leads: true, isLeader: () => true, stop: async () => {} },
    rescuer: () => undefined,
  })
  await until(() => sent.length > 0 || lines.length > 0)
  await tasks.stop()
  await pool.end()
  expect(lines).toEqual([])
  expect(sent).toEqual(['limited: limited'])
})

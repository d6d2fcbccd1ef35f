import { anyone, event, holdfast, schedule } from 'holdfast'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { createFakeClock, createTestService, type TestService, until } from 'holdfast/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import type { Effects } from '../../kernel/background/effects.ts'
import { pruneMessages } from '../messages/queries/prune.ts'
import { insertJobs } from '../jobs/queries/enqueue.ts'
import { archive } from '../jobs/queries/archive.ts'
import { pruneJobs } from '../jobs/queries/prune-jobs.ts'
import type { Statement } from '../../storage/postgres/statement/statement.ts'
import { pruneWebhookMessages } from '../webhooks/queries/prune-messages.ts'
import { deleteOrphans, type OrphansRow } from './queries/delete-orphans.ts'
import { insertSubjects } from './queries/insert-subjects.ts'
import { subjectIdOf } from './subject-id.ts'

const { consumer, job, mutation, service } = holdfast({
  database: postgres(),
  identify: ({ header }) => {
    const id = header('authorization')
    return id === undefined ? undefined : { kind: 'user', id }
  },
})

const input = z.object({ from: z.string(), to: z.string() })
const mail = job({ name: 'mail', input, subjectsOf: ({ from, to }) => [from, to, from], run: () => {} })
const plain = job({ name: 'plain', input: z.object({}), run: () => {} })
const Moved = event('money.moved', { payload: input, subjectsOf: ({ from, to }) => [from, to] })
const handle = consumer({ name: 'hear', event: Moved, run: () => {} })

interface ActContext extends Effects {
  readonly db: SqlDatabase
}
let action: (context: ActContext) => Promise<unknown> = async () => {}
const act = mutation({
  route: 'POST /act',
  access: anyone('a test'),
  input: z.object({ about: z.array(z.string()).optional() }),
  output: z.object({}),
  subjectsOf: ({ input: { about } }) => about,
  async run(context) {
    // The subjects are computed from the call, even if the handler changes its input.
    Object.assign(context.input, { about: ['changed'] })
    await action(context)
    return {}
  },
})
const yearly = schedule({
  name: 'yearly',
  cron: '0 0 1 1 *',
  job: mail,
  input: { from: 'customer:1', to: 'customer:2' },
})
const tested = service({
  name: 'subjects-test',
  operations: { act },
  jobs: [mail, plain],
  consumers: [handle],
  schedules: [yearly],
})

let on: TestService<typeof tested.operations>
beforeAll(async () => {
  on = await createTestService(tested, { onLog: () => {}, worker: false })
})
afterAll(() => on.stop())
beforeEach(() =>
  on.sql(
    'truncate holdfast.jobs, holdfast.ended_jobs, holdfast.messages, holdfast.subjects, holdfast.job_limits, holdfast.webhook_messages cascade',
  ),
)

const within = async (work: typeof action, about?: readonly string[]): Promise<void> => {
  action = work
  await on.call.act(about === undefined ? {} : { about: [...about] })
}

/** Returns the ids of a subject's rows of the given kind. */
const idsOf = async (kind: string, subject: string): Promise<readonly string[]> => {
  const rows = await on.sql<{ id: string }>(
    'select id from holdfast.subjects where service = $1 and kind = $2 and subject = $3 order by id',
    ['subjects-test', kind, subjectIdOf(subject)],
  )
  return rows.map(({ id }) => id)
}
const countSubjects = async (service = on): Promise<number> =>
  (await service.sql<{ count: number }>('select count(*)::int as count from holdfast.subjects'))[0]!.count
const run = ({ text, values = [] }: Statement): Promise<unknown> => on.sql(text, [...values])

const between = { from: 'customer:1', to: 'customer:2' }

test('a job has the subjects of its input and of its enqueue options, each once', async () => {
  let id = ''
  await within(async ({ jobs }) => {
    ;({ id } = await jobs.enqueue(mail, between, { subjects: ['customer:2', 'customer:3'] }))
  })
  for (const subject of ['customer:1', 'customer:2', 'customer:3'])
    expect(await idsOf('job', subject)).toEqual([id])
  expect(await countSubjects()).toBe(3)
})

test('a unique job has the subjects of the call that enqueued it', async () => {
  await within(({ jobs }) => jobs.enqueue(mail, between, { unique: 'a' }))
  await within(({ jobs }) => jobs.enqueue(mail, { ...between, to: 'customer:9' }, { unique: 'a' }))
  expect(await idsOf('job', 'customer:2')).toHaveLength(1)
  expect(await idsOf('job', 'customer:9')).toEqual([])
})

test('subjects are undone with their jobs and messages', async () => {
  await within(async ({ db, jobs, publish }) => {
    await db.query(sql`savepoint before`)
    await jobs.enqueue(mail, between)
    await jobs.enqueue(mail, between, { unique: 'b' })
    await publish(Moved, 'a', between)
    await db.query(sql`rollback to before`)
  })
  expect(await countSubjects()).toBe(0)
})

test('a row without subjects costs no additional row and no statement', async () => {
  await within(async ({ jobs }) => {
    await jobs.enqueue(plain, {})
    await jobs.enqueueMany(plain, [{}, {}])
  })
  expect(await countSubjects()).toBe(0)
  const row = { id: '019af000-0000-7000-8000-000000000000', name: 'plain', input: '{}', priority: 0 }
  expect(insertJobs('subject-test', [row])).toHaveLength(1)
  expect(insertJobs('subject-test', [{ ...row, subjects: ['customer:1'] }])).toHaveLength(2)
})

test('a subject that cannot be stored fails the call', async () => {
  for (const subject of ['', 'x'.repeat(256), 'a\0b', '\uD800']) {
    action = ({ jobs }) => jobs.enqueue(plain, {}, { subjects: subject })
    expect(await on.send('act', {}, { key: crypto.randomUUID() })).toMatchObject({ status: 500 })
  }
  const many = Array.from({ length: 21 }, (_, index) => `customer:${index}`)
  action = ({ jobs }) => jobs.enqueue(plain, {}, { subjects: many })
  expect(await on.send('act', {}, { key: crypto.randomUUID() })).toMatchObject({ status: 500 })
  action = async () => {}
  expect(await on.send('act', { about: [''] }, { key: crypto.randomUUID() })).toMatchObject({ status: 500 })
})

test('a message keeps its subjects, with every character, and its consumers inherit them', async () => {
  const odd = { from: 'a"b\\c,{d}', to: 'null' }
  await within(async ({ publish }) => {
    await publish(Moved, 'a', odd)
    await publish(Moved, 'a', between)
  })
  const [message] = await on.sql<{ id: string; subjects: string[] }>(
    'select id, subjects from holdfast.messages order by seq limit 1',
  )
  expect(message!.subjects).toEqual([odd.from, odd.to])
  expect(await idsOf('message', odd.from)).toEqual([message!.id])
  const worker = await on.running.startWorker()
  const [id] = await until(async () => {
    const found = await idsOf('job', odd.from)
    return found.length > 0 && found
  })
  expect(await idsOf('job', odd.to)).toEqual([id])
  await worker?.stop(1_000)
  expect(await on.sql('select name from holdfast.all_jobs where id = $1', [id])).toEqual([
    { name: 'consumer:hear' },
  ])
})

test('a schedule enqueues jobs with subjects', async () => {
  await on.sql(
    `insert into holdfast.job_schedules (service, name, cron, time_zone, done_until)
     values ('subjects-test', 'yearly', '0 0 1 1 *', 'UTC', now() - interval '2 years')
     on conflict (service, name) do update set done_until = excluded.done_until`,
  )
  const worker = await on.running.startWorker()
  await until(async () => (await idsOf('job', 'customer:1')).length > 0)
  await worker?.stop(1_000)
})

test('pruning deletes subjects with their rows', async () => {
  await within(async ({ jobs, publish }) => {
    await jobs.enqueue(mail, between)
    await publish(Moved, 'a', between)
  })
  const worker = await on.running.startWorker()
  await until(async () => {
    const ended = await on.sql<{ name: string }>(`select name from holdfast.ended_jobs order by name`)
    return JSON.stringify(ended.map(({ name }) => name)) === '["consumer:hear","mail"]'
  })
  await worker?.stop(1_000)
  expect(await countSubjects()).toBe(6)
  await on.sql(`update holdfast.ended_jobs set expires_at = now() - interval '1 hour'`)
  await run(pruneJobs({ service: 'subjects-test', after: undefined, limit: 10 }))
  await on.sql(`update holdfast.messages set published_at = now() - interval '1 hour'`)
  await run(pruneMessages({ retentionMs: 60_000, after: '0', limit: 10 }))
  expect(await countSubjects()).toBe(0)
})

/** Inserts an hour-old webhook message about `customer:1`. */
async function insertWebhook(): Promise<void> {
  const [row] = await on.sql<{ id: string }>(
    `insert into holdfast.webhook_messages (id, service, event, body, created_at)
     values (gen_random_uuid(), 'subjects-test', 'money.moved', '{}', now() - interval '1 hour')
     returning id`,
  )
  const about = [{ id: row!.id, subjects: ['customer:1'] }]
  for (const statement of insertSubjects('subjects-test', 'webhook', about)) await run(statement)
}

test('pruning deletes the subjects of webhooks with their messages', async () => {
  await insertWebhook()
  await run(pruneWebhookMessages('subjects-test', { retentionMs: 2 * 3_600_000, limit: 10 }))
  expect(await countSubjects()).toBe(1)
  await run(pruneWebhookMessages('subjects-test', { retentionMs: 60_000, limit: 10 }))
  expect(await countSubjects()).toBe(0)
})

test('subjects whose rows an earlier version has deleted are deleted page by page', async () => {
  await within(async ({ jobs, publish }) => {
    await jobs.enqueue(mail, between)
    await jobs.enqueue(mail, between)
    await publish(Moved, 'a', between)
    await publish(Moved, 'b', between)
  })
  await insertWebhook()
  await insertWebhook()
  const [ended] = await on.sql<{ id: string }>('select id from holdfast.jobs order by id limit 1')
  await on.sql(
    `with gone as (delete from holdfast.jobs where id = $1 returning jobs.*),
     ${archive({ state: "'dead'", retentionMs: '60000' })}
     select`,
    [ended!.id],
  )
  const sweep = async (): Promise<readonly [seen: number, deleted: number]> => {
    let after = '00000000-0000-0000-0000-000000000000'
    let [seen, deleted] = [0, 0]
    for (;;) {
      const { text, values = [] } = deleteOrphans(after, 3)
      const [page] = await on.sql<OrphansRow>(text, [...values])
      seen += page!.seen
      deleted += page!.deleted
      if (page!.last === null) return [seen, deleted]
      after = page!.last
    }
  }
  expect((await sweep())[1]).toBe(0)
  expect(await countSubjects()).toBe(10)
  // Like an earlier version, these statements do not delete the rows' subjects.
  for (const table of ['jobs', 'webhook_messages', 'messages'])
    await on.sql(
      `delete from holdfast.${table} where id = (select id from holdfast.${table} order by id limit 1)`,
    )
  expect((await sweep())[1]).toBe(5)
  expect(await countSubjects()).toBe(5)
  await on.sql('delete from holdfast.ended_jobs')
  expect((await sweep())[1]).toBe(2)
})

test('the leader sweeps orphaned subjects', async () => {
  const clock = createFakeClock()
  await using swept = await createTestService(tested, { clock, worker: false })
  action = ({ jobs }) => jobs.enqueue(mail, between)
  await swept.call.act({})
  await swept.sql('delete from holdfast.jobs')
  expect(await countSubjects(swept)).toBe(2)
  const worker = await swept.running.startWorker()
  // In small steps, so that the worker can renew its lease as leader.
  await until(
    async () => {
      clock.advance(500)
      return (await countSubjects(swept)) === 0
    },
    { every: '10ms' },
  )
  await worker?.stop(1_000)
})

test('a key has the subject of its caller, and the subjects that its operation declares', async () => {
  action = async () => {}
  const call = async (user: string | undefined, about: readonly string[]): Promise<string> => {
    const key = crypto.randomUUID()
    const headers = {
      'Content-Type': 'application/json',
      'Idempotency-Key': `"${key}"`,
      ...(user === undefined ? {} : { Authorization: user }),
    }
    const body = JSON.stringify({ about })
    expect((await on.fetch('/act', { method: 'POST', headers, body })).status).toBe(200)
    return key
  }
  const keysOf = async (subject: string): Promise<readonly string[]> => {
    const found: string[] = []
    for (let leaf = 0; leaf < 8; leaf += 1) {
      const rows = await on.sql<{ key: string }>(
        `select key from holdfast.idempotency_subjects_${leaf} as subjects
         join holdfast.idempotency_keys_${leaf} as keys using (id)
         where subjects.service = 'subjects-test' and subject = $1 and not is_copy`,
        [subjectIdOf(subject)],
      )
      found.push(...rows.map(({ key }) => key))
    }
    return found
  }
  const anonymous = await call(undefined, ['customer:1'])
  const known = await call('ada:%', ['customer:1', 'customer:2'])
  expect((await keysOf('customer:1')).toSorted()).toEqual([anonymous, known].toSorted())
  expect(await keysOf('customer:2')).toEqual([known])
  expect(await keysOf('user:ada%3A%25')).toEqual([known])
  expect(await keysOf('changed')).toEqual([])
})

import { holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, type TestService } from 'holdfast/testing'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { StatementClient } from '../../storage/postgres/statement/statement-client.ts'
import { DriverClient } from '../../storage/postgres/session/driver-client.ts'
import type { Statement } from '../../storage/postgres/statement/statement.ts'
import { eraseKeyRows, findKeyIds, readKeyRows } from '../idempotency/admin/queries/subject-keys.ts'
import {
  deleteEndedJobs,
  deleteWaitingJobs,
  findSubjectJobs,
  forgetDeletedJobs,
  readSubjectJobs,
} from '../jobs/admin/queries/subject-jobs.ts'
import {
  deleteSubjectMessages,
  findSubjectMessages,
  forgetDeletedMessages,
  readSubjectMessages,
} from '../messages/queries/subject-messages.ts'
import { deleteOrphans } from '../subjects/queries/delete-orphans.ts'
import { subjectIdOf } from '../subjects/subject-id.ts'
import {
  eraseWebhookMessages,
  failPendingDeliveries,
  findSubjectWebhooks,
  lockDeliveries,
  readSubjectWebhooks,
} from '../webhooks/queries/subject-webhooks.ts'
import { eraseSubject } from './erase-subject.ts'
import { findSubjectServices } from './queries/find-services.ts'

// Checks which tables the statements of an erasure scan: even with millions of rows, they may read
// only the subject's rows. Statistics and timing do not affect the check.

const rows = 6_000
const subject = subjectIdOf('customer:1')
const of = { subject, service: 'plans' }
const page = { ...of, after: '00000000-0000-0000-0000-000000000000', limit: 100 }
const ids = Array.from({ length: 100 }, () => crypto.randomUUID())

let on: TestService<Record<string, never>>
let client: pg.Client
beforeAll(async () => {
  const { service } = holdfast({ database: postgres() })
  on = await createTestService(service({ name: 'plans', operations: {} }), { worker: false })
  client = new DriverClient({ connectionString: on.databaseUrl })
  await client.connect()
  await fill()
})
afterAll(async () => {
  await client.end()
  await on.stop()
})

/** Fills every table with other subjects' rows. */
async function fill(): Promise<void> {
  const series = `generate_series(1, ${rows}) as n`
  const id = `md5(n::text)::uuid`
  const json = `'{}'`
  await client.query(`
    insert into holdfast.subjects (subject, service, kind, id)
    select gen_random_uuid(), 'plans', kind, ${id} from ${series}, unnest(array['job', 'message', 'webhook']) as kind;
    insert into holdfast.idempotency_keys_0 (id, service, scope, key, fingerprint, status, headers)
    select ${id}, 'plans', '', n::text, '1', 200, ${json} from ${series};
    insert into holdfast.idempotency_subjects_0 (subject, service, id)
    select gen_random_uuid(), 'plans', ${id} from ${series};
    insert into holdfast.jobs (id, service, name, input, state)
    select ${id}, 'plans', 'webhook-delivery', ${json}, 'scheduled' from ${series};
    insert into holdfast.ended_jobs (
      id, service, name, seq, input, state, priority, run_at, claim, failures, snoozes, keeps_key, is_cancelled, enqueued_at,
      expires_at
    )
    select gen_random_uuid(), 'plans', 'work', n, ${json}, 'succeeded', 0, now(), 1, 0, 0, false, false, now(), now() from ${series};
    insert into holdfast.job_steps (job_id, name, is_done) select ${id}, 'a', true from ${series};
    insert into holdfast.job_waits (job_id, step, publisher, event, key) select ${id}, 'a', 'plans', 'e', 'k' from ${series};
    insert into holdfast.messages (id, service, event, key, payload, position)
    select ${id}, 'plans', 'e', 'k', ${json}, n from ${series};
    insert into holdfast.inbox (service, consumer, message_id) select 'plans', 'hear', ${id} from ${series};
    insert into holdfast.subscriptions (service, kind, name, publisher, position) values ('plans', 'subscriber', 'webhooks', 'plans', 0);
    insert into holdfast.dead_messages (service, subscriber, message_id, event, key, failure)
    select 'plans', 'webhooks', ${id}, 'e', 'k', ${json} from ${series};
    insert into holdfast.webhook_endpoints (id, service, owner, url, description)
    values ('${page.after}', 'plans', 'o', 'https://a.test', '');
    insert into holdfast.webhook_messages (id, service, event, body) select ${id}, 'plans', 'e', ${json} from ${series};
    insert into holdfast.webhook_deliveries (id, endpoint_id, message_id) select ${id}, '${page.after}', ${id} from ${series};
    insert into holdfast.webhook_attempts (delivery_id, attempted_at, duration_ms) select ${id}, now(), 1 from ${series};`)
}

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly Plans?: readonly Plan[]
}

/**
 * Tables that have only a few rows (one per declaration or endpoint), or that the test leaves
 * empty.
 */
const small = new Set([
  'subscriptions',
  'webhook_endpoints',
  ...Array.from({ length: 7 }, (_, leaf) => `idempotency_subjects_${leaf + 1}`),
])

async function scannedTables(statement: Statement, options: string): Promise<readonly string[]> {
  const text = `explain (${options}, format json) ${statement.text}`
  const values = options.includes('generic_plan') ? [] : [...(statement.values ?? [])]
  const found = await client.query<{ 'QUERY PLAN': readonly [{ readonly Plan: Plan }] }>(text, values)
  const flatten = (plan: Plan): readonly Plan[] => [plan, ...(plan.Plans ?? []).flatMap(flatten)]
  return flatten(found.rows[0]!['QUERY PLAN'][0].Plan)
    .filter((node) => node['Node Type'].endsWith('Seq Scan'))
    .map((node) => node['Relation Name']!)
    .filter((name) => !small.has(name))
}

const statements: Readonly<Record<string, Statement>> = {
  findSubjectServices: findSubjectServices(subject),
  findKeyIds: findKeyIds(0, page),
  readKeyRows: readKeyRows(0, ids),
  eraseKeyRows: eraseKeyRows(0, of, ids),
  findSubjectJobs: findSubjectJobs(page),
  readSubjectJobs: readSubjectJobs(ids),
  deleteEndedJobs: deleteEndedJobs(ids),
  deleteWaitingJobs: deleteWaitingJobs(ids),
  forgetDeletedJobs: forgetDeletedJobs(ids),
  findSubjectMessages: findSubjectMessages(page),
  readSubjectMessages: readSubjectMessages(ids),
  deleteSubjectMessages: deleteSubjectMessages(ids),
  forgetDeletedMessages: forgetDeletedMessages(ids),
  findSubjectWebhooks: findSubjectWebhooks(page, 'webhook-delivery'),
  readSubjectWebhooks: readSubjectWebhooks(ids),
  lockDeliveries: lockDeliveries(ids),
  deleteOrphans: deleteOrphans(page.after, 1_000),
  failPendingDeliveries: failPendingDeliveries(ids, of, 'webhook-delivery'),
  eraseWebhookMessages: eraseWebhookMessages(ids),
}

test('no statement of an erasure scans a table, whether or not it has been analyzed', async () => {
  // Only Postgres 16 and later can show generic plans.
  const { rows } = await client.query<{ major: number }>(
    "select current_setting('server_version_num')::int / 10000 as major",
  )
  const kinds = rows[0]!.major >= 16 ? ['costs', 'generic_plan'] : ['costs']
  for (const state of ['not analyzed', 'analyzed']) {
    const scans: string[] = []
    for (const [name, statement] of Object.entries(statements))
      for (const options of kinds)
        for (const table of await scannedTables(statement, options))
          scans.push(`${name}, ${state}, ${options}: ${table}`)
    expect(scans).toEqual([])
    await client.query('analyze')
  }
})

test('a look-up of a subject without rows reads only one block per index level', async () => {
  const blocks = async (text: string, values: unknown[]): Promise<number> => {
    const { rows: plan } = await client.query<{
      'QUERY PLAN': readonly [{ readonly Plan: Record<string, number> }]
    }>(`explain (analyze, buffers, format json) ${text}`, values)
    const read = plan[0]!['QUERY PLAN'][0].Plan
    return read['Shared Hit Blocks']! + read['Shared Read Blocks']!
  }
  let total = 0
  const counting: StatementClient = {
    async query(text, values = []) {
      if (/^\s*(?:select|with)/.test(text)) total += await blocks(text, values)
      return client.query(text, values)
    },
  }
  await eraseSubject(counting, 'customer:1', { service: 'plans', dryRun: true })
  // Nine subject tables with three index levels each. Each table is read twice: for the services
  // and for the rows.
  expect(total).toBeGreaterThan(0)
  expect(total).toBeLessThan(200)
})

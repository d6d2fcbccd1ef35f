import { anyone, event, GiveUp, holdfast, type Job } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { callHoldfast, type Run } from './run-holdfast.fixture.ts'

const { job, mutation, service } = holdfast({ database: postgres() })

const input = z.object({ to: z.string(), password: z.string() })
const mail = job({
  name: 'mail',
  input,
  run: ({ input: { to } }) => {
    throw new GiveUp(`${to} is away: smtp://relay:hunter2@mail.test`)
  },
})
const later = job({
  name: 'later',
  input,
  concurrency: { limit: 1 },
  subjectsOf: ({ to }) => `customer:${to}`,
  run: () => {},
})
const jobs = { mail, later }

const Paid = event('order.paid', { payload: z.object({ order: z.int(), apiKey: z.string() }) })
const act = mutation({
  route: 'POST /acts',
  access: anyone(),
  input: z.object({ job: z.enum(['mail', 'later']), delay: z.literal('1h').optional() }),
  output: z.object({ id: z.string(), accessToken: z.string() }),
  async run({ input: { job: name, delay }, jobs: enqueuing, publish }) {
    const given = { to: 'ada', password: 'hunter2' }
    const options = delay === undefined ? {} : { delay }
    const { id } = await enqueuing.enqueue(jobs[name] as Job<typeof given>, given, options)
    await publish(Paid, 'order-7', { order: 7, apiKey: 'hunter2' })
    return { id, accessToken: 'hunter2' }
  },
})
const tested = service({ name: 'command-line-test', operations: { act }, jobs: Object.values(jobs) })

let on: TestService<typeof tested.operations>
beforeAll(async () => {
  on = await createTestService(tested, { onLog: () => {}, worker: false })
})
afterAll(() => on.stop())
beforeEach(() =>
  on.sql(
    'truncate holdfast.jobs, holdfast.ended_jobs, holdfast.job_pauses, holdfast.messages, holdfast.subscriptions, holdfast.subjects cascade',
  ),
)

const run = (...line: readonly string[]): Promise<Run> => callHoldfast(line, { databaseUrl: on.databaseUrl })

/** Runs a command that has to succeed, and returns its output. */
async function printed(...line: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(...line)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return stdout
}

async function json(...line: readonly string[]): Promise<Record<string, unknown>> {
  return JSON.parse(await printed(...line, '--json')) as Record<string, unknown>
}

const enqueued = async (name: 'mail' | 'later', delay?: '1h'): Promise<string> =>
  (await on.call.act({ job: name, ...(delay === undefined ? {} : { delay }) })).id

const stateOf = async (id: string): Promise<string | undefined> =>
  (await on.sql<{ state: string }>('select state from holdfast.all_jobs where id = $1', [id]))[0]?.state

async function died(): Promise<string> {
  const id = await enqueued('mail')
  const worker = await on.running.startWorker()
  await until(async () => (await stateOf(id)) === 'dead')
  await worker?.stop(1_000)
  return id
}

describe('jobs', () => {
  test('jobs are listed, without formatting if the output is not a terminal', async () => {
    const dead = await died()
    const scheduled = await enqueued('later', '1h')
    const stdout = await printed('jobs', 'list')
    expect(stdout.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' | '))).toEqual([
      'ID | SERVICE | NAME | STATE | FAILED | AGE | FAILURE',
      expect.stringMatching(
        new RegExp(`^${scheduled} \\| command-line-test \\| later \\| scheduled in \\d+m \\| 0 \\| \\d+s$`),
      ),
      expect.stringMatching(
        new RegExp(
          `^${dead} \\| command-line-test \\| mail \\| dead \\| 1 \\| \\d+s \\| GiveUp: ada is away: smtp://relay:\\[redacted\\]@mail.test$`,
        ),
      ),
      '',
    ])
    expect(await json('jobs', 'list', '--state', 'dead,running')).toEqual({
      jobs: [expect.objectContaining({ id: dead, state: 'dead', enqueuedAt: expect.any(String) })],
      paused: [],
    })
    expect(await printed('jobs', 'list', '--name', 'none')).toBe('None found.\n')
    expect(await printed('jobs', 'list', '--limit', '1')).toContain(`There may be more: --after ${scheduled}`)
    expect(await json('jobs', 'list', '--after', scheduled)).toMatchObject({ jobs: [{ id: dead }] })
  })

  test('jobs are shown without secrets, unless --show-input is passed', async () => {
    const id = await died()
    const shown = await printed('jobs', 'show', id)
    expect(shown).toMatch(/^State +dead$/m)
    expect(shown).toMatch(/^Claimed +1 time, 1 failed$/m)
    expect(shown).toContain('"to": "ada"')
    expect(shown).toContain('"password": "[redacted]"')
    expect(shown).not.toContain('hunter2')
    const hidden = await json('jobs', 'show', id)
    expect(JSON.stringify(hidden)).not.toContain('hunter2')
    expect(await json('jobs', 'show', id, '--show-input')).toMatchObject({
      id,
      input: { to: 'ada', password: 'hunter2' },
      failure: { message: expect.stringContaining('hunter2') },
    })
  })

  test('jobs are shown with their step results, without secrets', async () => {
    const id = await enqueued('later', '1h')
    await on.sql(
      `insert into holdfast.job_steps (job_id, name, result, wakes_at, is_done)
       values ($1, 'sign in', '{"token":"hunter2","user":"ada"}', null, true), ($1, 'nap', null, now() + '1 hour', false)`,
      [id],
    )
    await on.sql(`update holdfast.jobs set progress = '{"secret":"hunter2","page":3}' where id = $1`, [id])
    const shown = await printed('jobs', 'show', id)
    expect(shown).toMatch(/^sign in +done +\{"token":"\[redacted\]","user":"ada"\}$/m)
    expect(shown).toMatch(/^nap +sleeping +\S+ \(in \d+m\)$/m)
    expect(shown).toContain('"page": 3')
    expect(shown).not.toContain('hunter2')
    expect(await printed('jobs', 'show', id, '--show-input')).toContain('{"token":"hunter2","user":"ada"}')
  })

  test('jobs are retried', async () => {
    const id = await died()
    expect(await printed('jobs', 'retry', id)).toBe(`mail ${id} runs now.\n`)
    expect(await stateOf(id)).toBe('ready')
    const { exitCode, stdout, stderr } = await run('jobs', 'retry', id)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toMatch(/^holdfast: The job .* is ready\. .* \(job-not-retriable\)\n$/)
    const limited = await enqueued('later', '1h')
    expect(await json('jobs', 'retry', limited)).toMatchObject({
      id: limited,
      name: 'later',
      state: 'limited',
    })
  })

  test('jobs are cancelled', async () => {
    const id = await enqueued('later', '1h')
    expect(await printed('jobs', 'cancel', id)).toBe(`later ${id} is cancelled.\n`)
    expect(await stateOf(id)).toBe('cancelled')
    expect(await run('jobs', 'cancel', id)).toMatchObject({ exitCode: 1 })
  })

  test('jobs are redriven', async () => {
    await died()
    await died()
    expect(await printed('jobs', 'redrive', 'mail', '--limit', '1')).toBe('1 job redriven, 1 still dead.\n')
    expect(await json('jobs', 'redrive', 'mail')).toEqual({
      service: 'command-line-test',
      name: 'mail',
      ids: [expect.any(String)],
      left: 0,
    })
    expect(await on.sql(`select distinct state, failures from holdfast.all_jobs`)).toEqual([
      { state: 'ready', failures: 0 },
    ])
  })

  test('jobs are paused and resumed', async () => {
    await enqueued('later', '1h')
    expect(await printed('jobs', 'pause', 'later')).toBe(
      'later is paused. 1 job of that name is unfinished.\n',
    )
    expect(await printed('jobs', 'list')).toMatch(
      /^Paused: later of command-line-test, for \d+s, with 1 job\.$/m,
    )
    expect(await printed('jobs', 'resume', 'later')).toBe('later is resumed.\n')
    expect(await json('jobs', 'resume', 'later')).toEqual({ name: 'later', wasPaused: false })
    expect(await json('jobs', 'list')).toMatchObject({ paused: [] })
  })
})

describe('messages', () => {
  test('messages are listed without secrets, unless --show-payload is passed', async () => {
    await enqueued('later')
    const shown = await printed('messages', 'list', '--event', 'order.paid', '--key', 'order-7', '--new')
    expect(shown).toMatch(/ order\.paid +order-7 +new +\d+s +\{"order":7,"apiKey":"\[redacted\]"\}$/m)
    expect(await json('messages', 'list')).toMatchObject({
      messages: [{ payload: { apiKey: '[redacted]' } }],
    })
    expect(await json('messages', 'list', '--show-payload', '--since', '1h')).toMatchObject({
      messages: [{ position: null, payload: { order: 7, apiKey: 'hunter2' } }],
    })
    expect(await json('messages', 'list', '--until', '1h')).toEqual({ messages: [] })
  })

  test('messages are sent again by a rewound relay, which skips no message without --skip', async () => {
    for (const position of [1, 2, 3]) {
      await enqueued('later')
      await on.sql('update holdfast.messages set position = $1 where position is null', [position])
    }
    await on.sql(
      `insert into holdfast.subscriptions (service, kind, name, publisher, position, failure)
       values ('shop', 'relay', 'nats', 'shop', 2, $1)`,
      [{ code: 'broker-unreachable', message: 'nats://u:hunter2@nats.test', at: '2026-01-01T00:00:00Z' }],
    )
    const relays = await printed('messages', 'relays')
    expect(relays).toMatch(
      / relay +nats +2 +1 +\d+s +never .*broker-unreachable: nats:\/\/u:\[redacted\]@nats\.test$/m,
    )
    const forth = await run('messages', 'rewind', 'nats', '--to', '3')
    expect(forth).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('(subscription-would-skip)') })
    expect(await json('messages', 'relays')).toMatchObject({ subscriptions: [{ position: '2' }] })
    expect(await printed('messages', 'rewind', 'nats', '--to', '3', '--skip')).toContain('0 messages to send')
    expect(await printed('messages', 'rewind', 'nats', '--since', '1h')).toBe(
      'nats continues after position 0, with 3 messages to send.\n',
    )
    expect(await json('messages', 'relays')).toMatchObject({ subscriptions: [{ position: '0' }] })
    expect(await run('messages', 'rewind', 'none', '--to', '0')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('(subscription-unknown)'),
    })
    expect(await json('messages', 'subscriptions')).toMatchObject({ subscriptions: [{ name: 'nats' }] })
    expect(await printed('messages', 'remove', 'relay', 'nats')).toBe('The relay nats was removed.\n')
    expect(await json('messages', 'subscriptions')).toEqual({ subscriptions: [] })
    expect(await run('messages', 'remove', 'queue', 'nats')).toMatchObject({ exitCode: 2 })
  })

  test('messages that a subscriber failed to handle are listed, redriven and skipped', async () => {
    const message = '01a20866-85b5-79cd-a893-fefba1ca6c4f'
    await on.sql(
      `insert into holdfast.dead_messages (service, subscriber, message_id, event, key, failure)
       values ('shop', 'webhooks', $1, 'order.paid', 'order-7', '{"message":"no owner"}')`,
      [message],
    )
    expect(await printed('messages', 'dead')).toMatch(/webhooks +order\.paid +order-7 +\d+s/)
    expect(await json('messages', 'redrive', 'webhooks', '--id', message)).toEqual({ messages: [message] })
    expect(await json('messages', 'dead')).toMatchObject({ messages: [{ isRedriven: true }] })
    expect(await printed('messages', 'skip', 'webhooks')).toBe('1 message skipped.\n')
    expect(await printed('messages', 'dead', '--subscriber', 'webhooks')).toBe('None.\n')
  })
})

describe('keys', () => {
  const call = async (key: string): Promise<void> => {
    const headers = { 'Idempotency-Key': `"${key}"`, 'Content-Type': 'application/json' }
    const { status } = await on.fetch('/acts', { method: 'POST', headers, body: '{"job":"later"}' })
    expect(status).toBe(200)
  }
  const eachLeaf = async (change: (leaf: string) => string): Promise<void> => {
    for (let leaf = 0; leaf < 8; leaf += 1) await on.sql(change(`holdfast.idempotency_keys_${leaf}`))
  }
  const age = (): Promise<void> =>
    eachLeaf((leaf) => `update ${leaf} set created_at = now() - interval '2 hours'`)
  beforeEach(() => eachLeaf((leaf) => `truncate ${leaf}`))

  test('keys are listed, and shown without secrets, unless --show-body is passed', async () => {
    await call('first')
    await age()
    await call('second')
    expect(await printed('keys', 'list', '--until', '1h')).toMatch(/^KEY .*\nfirst +200 +\d+ +2h\n$/)
    expect(await json('keys', 'list', '--scope', '')).toMatchObject({
      keys: [{ key: 'second' }, { key: 'first' }],
    })
    const shown = await printed('keys', 'show', 'first')
    expect(shown).toMatch(/^Scope +\(no caller\)$/m)
    expect(shown).toContain('"accessToken": "[redacted]"')
    expect(shown).not.toContain('hunter2')
    expect(await json('keys', 'show', 'first', '--show-body')).toMatchObject({
      body: expect.stringContaining('"accessToken":"hunter2"'),
    })
    expect(await run('keys', 'show', 'none')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('(key-unknown)'),
    })
  })

  test('keys are pruned', async () => {
    await call('old')
    await age()
    await call('new')
    expect(await printed('keys', 'prune', '--older-than', '7d')).toBe('0 keys deleted.\n')
    expect(await json('keys', 'prune', '--older-than', '1h', '--dry-run')).toEqual({
      deleted: 0,
      prunable: 1,
    })
    expect(await printed('keys', 'prune', '--older-than', '1h', '--force')).toBe('1 key deleted.\n')
    expect(await json('keys', 'list')).toMatchObject({ keys: [{ key: 'new' }] })
  })
})

describe('webhooks', () => {
  const endpoint = '01a20866-8579-77cc-aaf7-9aacb089b19a'
  const delivery = '94fffa80-23cb-4fa3-ae44-34ce86ab3e7f'
  const message = '01a20866-85b5-79cd-a893-fefba1ca6c4f'

  beforeEach(async () => {
    await on.sql('truncate holdfast.webhook_endpoints, holdfast.webhook_messages cascade')
    await on.sql(
      `insert into holdfast.webhook_endpoints (id, service, owner, url, description)
       values ($1, 'shop', 'ada', 'https://ada.test/hooks', '')`,
      [endpoint],
    )
    await on.sql(`insert into holdfast.webhook_secrets (endpoint_id, secret) values ($1, 'whsec_hunter2')`, [
      endpoint,
    ])
    await on.sql(
      `insert into holdfast.webhook_messages (id, service, event, body)
       values ($1, 'shop', 'order.paid', '{}')`,
      [message],
    )
    await on.sql(
      `insert into holdfast.webhook_deliveries (id, endpoint_id, message_id, state) values ($1, $2, $3, 'failed')`,
      [delivery, endpoint, message],
    )
    await on.sql(
      `insert into holdfast.webhook_attempts (delivery_id, attempted_at, duration_ms, status, answer) values ($1, now(), 5, 500, 'no')`,
      [delivery],
    )
  })

  test('webhooks are listed, without secrets', async () => {
    const endpoints = await printed('webhooks', 'endpoints', '--owner', 'ada', '--state', 'enabled')
    expect(endpoints).toMatch(/ada +https:\/\/ada\.test\/hooks +enabled/)
    expect(JSON.stringify(await json('webhooks', 'endpoints'))).not.toContain('whsec')
    expect(await json('webhooks', 'endpoints', '--state', 'disabled')).toEqual({ endpoints: [] })
    expect(await json('webhooks', 'endpoints', '--service', 'other')).toEqual({ endpoints: [] })
    expect(await json('webhooks', 'deliveries', '--service', 'other')).toEqual({ deliveries: [] })
    const deliveries = await printed('webhooks', 'deliveries', '--endpoint', endpoint, '--state', 'failed')
    expect(deliveries).toMatch(/order\.paid +failed +1 +\d+s +500/)
    expect(await run('webhooks', 'deliveries', '--state', 'lost')).toMatchObject({ exitCode: 2 })
  })

  test('webhooks are sent again, by delivery or by endpoint', async () => {
    expect(await printed('webhooks', 'replay', delivery)).toBe('The delivery will be sent again.\n')
    expect(await json('webhooks', 'deliveries')).toMatchObject({ deliveries: [{ state: 'pending' }] })
    await on.sql(`update holdfast.webhook_deliveries set state = 'failed'`)
    expect(await printed('webhooks', 'replay', endpoint, '--since', '1h')).toBe(
      '1 delivery will be sent again.\n',
    )
    expect(await json('webhooks', 'replay', endpoint, '--since', '1h')).toEqual({ replayed: 0 })
    expect(await on.sql(`select name from holdfast.all_jobs`)).toHaveLength(2)
    expect(await run('webhooks', 'replay', endpoint, '--all')).toMatchObject({ exitCode: 2 })
    expect(await run('webhooks', 'replay', message)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('Webhook delivery not found.') as string,
    })
  })

  test('webhooks are disabled and enabled', async () => {
    expect(await printed('webhooks', 'disable', endpoint, '--reason', 'It is too slow.')).toBe(
      'https://ada.test/hooks is disabled.\n',
    )
    expect(await json('webhooks', 'endpoints')).toMatchObject({
      endpoints: [{ state: 'disabled', reason: 'It is too slow.' }],
    })
    expect(await run('webhooks', 'replay', delivery)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('(webhook-endpoint-disabled)') as string,
    })
    expect(await json('webhooks', 'enable', endpoint)).toMatchObject({ state: 'enabled', reason: null })
  })
})

describe('subjects', () => {
  test('subjects are exported, one record per line, with every value', async () => {
    const id = await enqueued('later', '1h')
    const { exitCode, stdout, stderr } = await run('subjects', 'export', 'customer:ada')
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '1 record exported.\n' })
    expect(stdout.trimEnd().split('\n')).toHaveLength(3)
    expect(JSON.parse(stdout)).toMatchObject([
      { kind: 'job', id, name: 'later', input: { to: 'ada', password: 'hunter2' } },
    ])
    expect(await run('subjects', 'export', 'customer:none')).toEqual({
      exitCode: 0,
      stdout: '[]\n',
      stderr: '0 records exported.\n',
    })
  })

  test('subjects are erased; data that is still needed is kept, which the exit code shows', async () => {
    const id = await enqueued('later', '1h')
    const held = await run('subjects', 'erase', 'customer:ada')
    expect(held).toMatchObject({ exitCode: 1, stderr: '' })
    expect(held.stdout).toMatch(/^Nothing erased\.$/m)
    expect(held.stdout).toMatch(new RegExp(`^job +${id} +later +waiting$`, 'm'))
    expect(held.stdout).toContain('Not erased: data in tables of the application')
    const options = ['--cancel-waiting', '--reference', 'TICKET-7']
    expect(await printed('subjects', 'erase', 'customer:ada', ...options, '--dry-run')).toMatch(
      /^1 job would be erased\.$/m,
    )
    expect(await stateOf(id)).toBe('scheduled')
    expect(await json('subjects', 'erase', 'customer:ada', ...options)).toMatchObject({
      service: 'command-line-test',
      erased: { jobs: 1 },
      isComplete: true,
    })
    expect(await stateOf(id)).toBeUndefined()
    expect(await printed('subjects', 'erasures', '--subject', 'customer:ada')).toMatch(
      /command-line-test .* TICKET-7 +1 jobs +0 +\d+s$/m,
    )
    expect(await json('subjects', 'erasures', '--service', 'none')).toEqual({ erasures: [] })
  })
})

test('the cursor key is rotated', async () => {
  const { key } = await json('cursors', 'rotate')
  expect(await on.sql(`select id from holdfast.secrets where name = 'cursor' order by created_at`)).toEqual([
    { id: 1 },
    { id: key },
  ])
})

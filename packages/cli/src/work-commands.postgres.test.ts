import { describe, expect, test } from 'vitest'
import { commandsOnService } from './commands.fixture.ts'

const { sql, run, printed, json, enqueued, stateOf, died } = commandsOnService()

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
    await sql(
      `insert into holdfast.job_steps (job_id, name, result, wakes_at, is_done)
       values ($1, 'sign in', '{"token":"hunter2","user":"ada"}', null, true), ($1, 'nap', null, now() + '1 hour', false)`,
      [id],
    )
    await sql(`update holdfast.jobs set progress = '{"secret":"hunter2","page":3}' where id = $1`, [id])
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
    expect(await sql(`select distinct state, failures from holdfast.all_jobs`)).toEqual([
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
      await sql('update holdfast.messages set position = $1 where position is null', [position])
    }
    await sql(
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
    await sql(
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

import { beforeEach, describe, expect, test } from 'vitest'
import { commandsOnService } from './commands.fixture.ts'

const { sql, fetch, run, printed, json, enqueued, stateOf } = commandsOnService()

describe('keys', () => {
  const call = async (key: string): Promise<void> => {
    const headers = { 'Idempotency-Key': `"${key}"`, 'Content-Type': 'application/json' }
    const { status } = await fetch('/acts', { method: 'POST', headers, body: '{"job":"later"}' })
    expect(status).toBe(200)
  }
  const eachLeaf = async (change: (leaf: string) => string): Promise<void> => {
    for (let leaf = 0; leaf < 8; leaf += 1) await sql(change(`holdfast.idempotency_keys_${leaf}`))
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
    await sql('truncate holdfast.webhook_endpoints, holdfast.webhook_messages cascade')
    await sql(
      `insert into holdfast.webhook_endpoints (id, service, owner, url, description)
       values ($1, 'shop', 'ada', 'https://ada.test/hooks', '')`,
      [endpoint],
    )
    await sql(`insert into holdfast.webhook_secrets (endpoint_id, secret) values ($1, 'whsec_hunter2')`, [
      endpoint,
    ])
    await sql(
      `insert into holdfast.webhook_messages (id, service, event, body)
       values ($1, 'shop', 'order.paid', '{}')`,
      [message],
    )
    await sql(
      `insert into holdfast.webhook_deliveries (id, endpoint_id, message_id, state) values ($1, $2, $3, 'failed')`,
      [delivery, endpoint, message],
    )
    await sql(
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
    await sql(`update holdfast.webhook_deliveries set state = 'failed'`)
    expect(await printed('webhooks', 'replay', endpoint, '--since', '1h')).toBe(
      '1 delivery will be sent again.\n',
    )
    expect(await json('webhooks', 'replay', endpoint, '--since', '1h')).toEqual({ replayed: 0 })
    expect(await sql(`select name from holdfast.all_jobs`)).toHaveLength(2)
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
  expect(await sql(`select id from holdfast.secrets where name = 'cursor' order by created_at`)).toEqual([
    { id: 1 },
    { id: key },
  ])
})

import { holdfast, problem } from 'holdfast'
import { toOpenApi } from 'holdfast/openapi'
import { postgres, sql } from 'holdfast/postgres'
import { setting, settings } from 'holdfast/settings'
import { createFakeClock, createTestService, type TestService } from 'holdfast/testing'
import { createWebhookSecret, incomingWebhook, signWebhook, type WebhookSender } from 'holdfast/webhooks'
import { raw } from 'sql-template-tag'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, beforeEach, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

const [secret, nextSecret, otherSecret] = [
  createWebhookSecret(),
  createWebhookSecret(),
  createWebhookSecret(),
]
const Payment = z.object({ type: z.literal('payment.settled'), data: z.object({ amount: z.int() }) })
const TooMuch = problem('too-much', { status: 409, title: 'Too much' })

const { mutation, service } = holdfast({
  database: postgres(),
  settings: settings({
    PAYMENTS_SECRETS: setting(z.string(), { description: 'What payments are signed with.', secret: true }),
  }),
})

let seen: WebhookSender[] = []
const receivePayment = incomingWebhook(mutation, {
  route: 'POST /webhooks/payments',
  sender: 'payments',
  secrets: ({ PAYMENTS_SECRETS }) => PAYMENTS_SECRETS.reveal().split(' '),
  payload: Payment,
  problems: [TooMuch],
  async run({ input, caller, db }) {
    expectTypeOf(input).toEqualTypeOf<z.infer<typeof Payment>>()
    expectTypeOf(caller).toEqualTypeOf<WebhookSender>()
    seen.push(caller)
    if (input.data.amount > 1_000) throw TooMuch()
    await db.query(sql`insert into payments (amount) values (${input.data.amount})`)
  },
})
const receiveOther = incomingWebhook(mutation, {
  route: 'POST /webhooks/other',
  sender: 'other',
  secrets: () => [otherSecret],
  payload: Payment,
  run: ({ caller }) => void seen.push(caller),
})

const clock = createFakeClock()
let tested: TestService<{ receivePayment: typeof receivePayment; receiveOther: typeof receiveOther }>
beforeAll(async () => {
  tested = await createTestService(
    service({ name: 'incoming', operations: { receivePayment, receiveOther } }),
    {
      clock,
      env: { PAYMENTS_SECRETS: `${nextSecret} ${secret}` },
    },
  )
  await tested.sql('create table payments (amount integer not null)')
})
afterAll(() => tested.stop())
beforeEach(async () => {
  seen = []
  await tested.sql('truncate payments')
})

interface Sent {
  readonly id?: string
  readonly body?: string
  readonly secrets?: readonly string[]
  readonly headers?: Record<string, string>
  readonly path?: string
}

const settled = (amount: number): string => JSON.stringify({ type: 'payment.settled', data: { amount } })
let ids = 0

async function send({
  id = `msg_${(ids += 1)}`,
  body = settled(10),
  secrets = [secret],
  ...rest
}: Sent = {}) {
  const response = await tested.fetch(rest.path ?? '/webhooks/payments', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...signWebhook({ id, body, sentAt: new Date(clock.now()) }, secrets),
      ...rest.headers,
    },
    body,
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    code: text === '' ? undefined : (JSON.parse(text) as { code: string }).code,
  }
}

const amounts = async (): Promise<number[]> =>
  (await tested.sql<{ amount: number }>('select amount from payments')).map(({ amount }) => amount)

test('a webhook is received in one transaction, and its sender is known', async () => {
  expect(await send({ id: 'msg_first' })).toMatchObject({ status: 204 })
  expect(await amounts()).toEqual([10])
  expect(seen).toEqual([
    {
      kind: 'webhook',
      id: 'payments',
      webhookId: 'msg_first',
      sentAt: new Date(Math.floor(clock.now() / 1_000) * 1_000),
    },
  ])
})

test('signatures of the reference implementation are accepted', async () => {
  const body = settled(11)
  const sentAt = new Date(clock.now())
  const signature = new Webhook(secret).sign('msg_reference', sentAt, body)
  expect(
    await send({ id: 'msg_reference', body, headers: { 'webhook-signature': signature } }),
  ).toMatchObject({
    status: 204,
  })
})

test('a repeated webhook gets the same answer, and has no second effect', async () => {
  const id = 'msg_again'
  expect((await send({ id })).headers.get('idempotency-replayed')).toBeNull()
  clock.advance(60_000)
  const again = await send({ id })
  expect(again.status).toBe(204)
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect(await amounts()).toEqual([10])
  expect(seen).toHaveLength(1)
})

test('a rejection by the handler is final, too', async () => {
  const sent = { id: 'msg_refused', body: settled(2_000) }
  expect(await send(sent)).toMatchObject({ status: 409, code: 'too-much' })
  expect(await send(sent)).toMatchObject({ status: 409, code: 'too-much' })
  expect(seen).toHaveLength(1)
})

test('another body with the id of a received webhook is rejected', async () => {
  await send({ id: 'msg_reused' })
  expect(await send({ id: 'msg_reused', body: settled(11) })).toMatchObject({
    status: 422,
    code: 'idempotency-key-reused',
  })
})

test('senders have separate ids', async () => {
  await send({ id: 'msg_shared' })
  expect(await send({ id: 'msg_shared', path: '/webhooks/other', secrets: [otherSecret] })).toMatchObject({
    status: 204,
  })
  expect(seen.map(({ id }) => id)).toEqual(['payments', 'other'])
})

test('both secrets are valid during a rotation', async () => {
  expect(await send({ secrets: [nextSecret] })).toMatchObject({ status: 204 })
  expect(await send({ secrets: [otherSecret, secret] })).toMatchObject({ status: 204 })
})

test('a webhook without a valid signature is rejected before anything else', async () => {
  const refused = { status: 401, code: 'webhook-signature-invalid' }
  expect(await send({ secrets: [otherSecret] })).toMatchObject(refused)
  expect(await send({ secrets: [otherSecret], body: '{ not JSON' })).toMatchObject(refused)
  expect(await send({ secrets: [otherSecret], body: '{}' })).toMatchObject(refused)
  expect(await send({ path: '/webhooks/other' })).toMatchObject(refused)
  expect(await send({ secrets: [] })).toMatchObject({ status: 400, code: 'webhook-headers-missing' })
  expect(await send({ headers: { 'webhook-id': '' }, body: '{ not JSON' })).toMatchObject({
    status: 400,
    code: 'webhook-headers-missing',
  })
  expect(seen).toEqual([])
})

test('a stored answer is not replayed without a valid signature', async () => {
  await send({ id: 'msg_known' })
  expect(await send({ id: 'msg_known', secrets: [otherSecret] })).toMatchObject({ status: 401 })
})

test('the signature covers the bytes, not their meaning', async () => {
  const body = settled(10)
  const signed = signWebhook({ id: 'msg_bytes', body, sentAt: new Date(clock.now()) }, [secret])
  const spaced = JSON.stringify(JSON.parse(body), null, 2)
  expect(await send({ id: 'msg_bytes', body: spaced, headers: { ...signed } })).toMatchObject({ status: 401 })
  expect(await send({ id: 'msg_bytes', body: spaced })).toMatchObject({ status: 204 })
})

test('a webhook that was sent more than five minutes ago is rejected', async () => {
  const body = settled(10)
  const headers = {
    ...signWebhook({ id: 'msg_old', body, sentAt: new Date(clock.now() - 302_000) }, [secret]),
  }
  expect(await send({ body, headers })).toMatchObject({ status: 401, code: 'webhook-signature-invalid' })
})

test('a signed webhook must match its schema', async () => {
  expect(await send({ body: '{ not JSON' })).toMatchObject({ status: 400, code: 'bad-request' })
  expect(await send({ body: '{"type":"payment.lost"}' })).toMatchObject({
    status: 422,
    code: 'invalid-input',
  })
  expect(await send({ body: '' })).toMatchObject({ status: 422, code: 'invalid-input' })
  expect(await send({ headers: { 'content-type': 'text/plain' } })).toMatchObject({ status: 415 })
  expect(seen).toEqual([])
})

// A message replayed after a long outage keeps its id, even if it never arrived before.
test('an id that begins with an old time is accepted', async () => {
  expect(await send({ id: '01890a5d-ac96-774b-bcce-b302099a8057' })).toMatchObject({ status: 204 })
  expect(await amounts()).toEqual([10])
})

test('the documentation describes its key and its problems', () => {
  const { parameters, responses } = toOpenApi(tested.running).paths['/webhooks/payments']!.post!
  expect(parameters).toContainEqual(
    expect.objectContaining({ name: 'webhook-id', in: 'header', required: true }),
  )
  expect(JSON.stringify(parameters)).not.toContain('IdempotencyKey')
  expect(JSON.stringify(responses)).toContain('webhook-signature-invalid')
})

test('an Idempotency-Key header is not its key', async () => {
  const headers = { 'idempotency-key': 'same' }
  await send({ headers })
  await send({ headers })
  expect(await amounts()).toEqual([10, 10])
})

test('a webhook with a transaction conflict is retried unchanged', async () => {
  const conflicts = ['40001', '40P01']
  const amountsSeen: number[] = []
  const receiveAgain = incomingWebhook(mutation, {
    route: 'POST /webhooks/again',
    sender: 'again',
    secrets: () => [otherSecret],
    payload: Payment,
    async run({ input, db }) {
      amountsSeen.push(input.data.amount)
      // A handler may mutate its input.
      input.data.amount = -1
      const sqlState = conflicts.shift()
      if (sqlState === undefined) return
      await db.query(sql`do ${raw(`$$ begin raise exception using errcode = '${sqlState}'; end $$`)}`)
    },
  })
  // This service uses the real clock, because the attempts are a few milliseconds apart, and a fake
  // clock would not advance between them.
  await using again = await createTestService(service({ name: 'again', operations: { receiveAgain } }), {
    env: { PAYMENTS_SECRETS: secret },
  })
  const response = await again.fetch('/webhooks/again', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...signWebhook({ id: 'msg_again', body: settled(10), sentAt: new Date() }, [otherSecret]),
    },
    body: settled(10),
  })
  expect(response.status).toBe(204)
  expect(amountsSeen).toEqual([10, 10, 10])
})

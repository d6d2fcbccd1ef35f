import fc from 'fast-check'
import { createLogger, signedIn, systemClock } from 'holdfast'
import { createHandler } from 'holdfast/http'
import { until } from 'holdfast/testing'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { query, service } from '../src/app.ts'
import * as schema from '../src/schema.ts'
import { scopes } from '../src/scopes.ts'
import { type Books, type Caller, developer, developmentKey, openBooks } from './books.fixture.ts'

/*
 * Random customers, and programs of them, call random operations with the ids of random rows. Each
 * row contains a unique text. After each call:
 *
 * - the answer contains no text from a row of another customer;
 * - no row of another customer has changed, except that a transfer credits the payee's account.
 *
 * The same holds for the policies alone: a statement without `where` sees only the rows of its
 * tenant.
 */

const names = ['ann', 'bob'] as const
type Name = (typeof names)[number]

/** The rows of a customer. */
interface Rows {
  readonly account: string
  readonly transfer: string
  readonly payout: string
  readonly endpoint: string
  readonly apiKey: string
}

let books: Books
const rows = {} as Record<Name, Rows>
const callers: Record<string, Caller> = {}

beforeAll(async () => {
  books = await openBooks()
  for (const name of names) {
    const person = books.as(await books.signIn(`${name}@example.com`))
    const { call } = person
    const { id: account } = await call.createAccount({ name: `secret-${name}-account`, currency: 'EUR' })
    const { id: other } = await call.createAccount({ name: `secret-${name}-second`, currency: 'EUR' })
    await call.createDeposit({ account, amount: 1_000_000 })
    const memo = `secret-${name}-memo`
    const { id: transfer } = await call.createTransfer({ from: account, to: other, amount: 10, memo })
    const { id: payout } = await call.createPayout({ account, amount: 5, iban: 'DE02120300000000202051' })
    const endpoint = await call.addWebhookEndpoint({
      account,
      url: `http://localhost:9/secret-${name}-hook`,
    })
    const apiKey = await call.createApiKey({ name: `secret-${name}-key`, scopes: [...scopes] })
    await until(async () => (await person.send('getReceipt', { id: transfer })).status === 200)
    rows[name] = { account, transfer, payout, endpoint: endpoint.id, apiKey: apiKey.id }
    callers[name] = person
    callers[`a program of ${name}`] = books.as({ authorization: `Bearer ${apiKey.key}` })
  }
  callers['a visitor'] = books.as({})
})

afterAll(() => books.stop())

/** The calls, with the ids of one customer's rows. */
const calls: Record<string, (caller: Caller, target: Rows, own: Rows) => Promise<{ body: string | null }>> = {
  listAccounts: ({ send }) => send('listAccounts', {}),
  getAccount: ({ send }, { account: id }) => send('getAccount', { id }),
  createDeposit: ({ send }, { account }) => send('createDeposit', { account, amount: 1 }),
  takeMoney: ({ send }, { account: from }, { account: to }) =>
    send('createTransfer', { from, to, amount: 1 }),
  payMoney: ({ send }, { account: to }, { account: from }) => send('createTransfer', { from, to, amount: 1 }),
  getTransfer: ({ send }, { transfer: id }) => send('getTransfer', { id }),
  listTransfers: ({ send }, { account }) => send('listTransfers', { account }),
  getReceipt: ({ send }, { transfer: id }) => send('getReceipt', { id }),
  createPayout: ({ send }, { account }) =>
    send('createPayout', { account, amount: 1, iban: 'DE02120300000000202051' }),
  getPayout: ({ send }, { payout: id }) => send('getPayout', { id }),
  addWebhookEndpoint: ({ send }, { account }) =>
    send('addWebhookEndpoint', { account, url: 'http://localhost:9/new' }),
  listWebhookEndpoints: ({ send }, { account }) => send('listWebhookEndpoints', { account }),
  removeWebhookEndpoint: ({ send }, { endpoint: id }, { account }) =>
    send('removeWebhookEndpoint', { account, id }),
  rotateWebhookSecret: ({ send }, { account, endpoint: id }) => send('rotateWebhookSecret', { account, id }),
  listWebhookDeliveries: ({ send }, { account }) => send('listWebhookDeliveries', { account }),
  listApiKeys: ({ send }) => send('listApiKeys', {}),
  rotateApiKey: ({ send }, { apiKey: id }) => send('rotateApiKey', { id }),
  revokeApiKey: ({ send }, { apiKey: id }) => send('revokeApiKey', { id }),
}

/** Returns the rows of a customer, as text. */
async function rowsOf(name: Name): Promise<string> {
  const { account } = rows[name]
  const found = await books.sql(
    `with own as (select * from accounts where owner = (select owner from accounts where id = $1))
     select
       (select json_agg(own order by id) from own) as accounts,
       (select json_agg(t order by id) from transfers t where from_account in (select id from own)) as sent,
       (select json_agg(p.id order by id) from payouts p where account_id in (select id from own)) as payouts,
       (select json_agg(json_build_array(id, url) order by id) from holdfast.webhook_endpoints where owner = $1::text) as hooks,
       (select json_agg(json_build_array(id, revoked_at, expires_at) order by id) from holdfast.api_keys
         where caller = (select owner from own limit 1)) as keys`,
    [account],
  )
  return JSON.stringify(found)
}

/** Returns the violation of a call; `undefined` if it read and changed nothing of the other. */
async function violationOf(caller: string, call: string, target: Name): Promise<string | undefined> {
  const own = names.find((name) => caller.endsWith(name))
  const others = names.filter((name) => name !== own)
  const before = await Promise.all(others.map(rowsOf))
  const answer = await calls[call]!(callers[caller]!, rows[target], rows[own ?? 'ann'])
  const after = await Promise.all(others.map(rowsOf))
  const what = `${call} on the rows of ${target} as ${caller}: ${answer.body}`
  if (others.some((name) => answer.body?.includes(`secret-${name}`))) return `read: ${what}`
  const isPaid = call === 'payMoney' && own !== undefined && own !== target
  const compared = (texts: readonly string[]): string =>
    isPaid ? texts.join().replaceAll(/"balance":\d+/g, '') : texts.join()
  return compared(before) === compared(after) ? undefined : `changed: ${what}`
}

test('no operation lets a caller read or change a row of another customer', async () => {
  const seen: string[] = []
  const property = fc.asyncProperty(
    fc.constantFrom(...Object.keys(callers)),
    fc.constantFrom(...Object.keys(calls)),
    fc.constantFrom(...names),
    async (caller, call, target) => {
      const violation = await violationOf(caller, call, target)
      if (violation !== undefined) seen.push(violation)
      return violation === undefined
    },
  )
  await fc.check(property, { numRuns: 150, endOnFailure: true })
  expect(seen).toEqual([])
})

test('every operation refuses the rows of another customer, and admits those of the caller', async () => {
  for (const call of Object.keys(calls)) {
    expect(await violationOf('ann', call, 'bob')).toBeUndefined()
    expect(await violationOf('a visitor', call, 'bob')).toBeUndefined()
  }
  const { call } = callers['ann']!
  expect(await call.getAccount({ id: rows.ann.account })).toMatchObject({ name: 'secret-ann-account' })
})

/** A query that forgets every condition. */
const readAll = query({
  route: 'GET /all',
  access: signedIn(),
  output: z.object({ accounts: z.array(z.string()).max(100), others: z.array(z.int()).max(4) }),
  async run({ db }) {
    const accounts = await db.select({ name: schema.accounts.name }).from(schema.accounts).limit(100)
    const others = []
    for (const table of [schema.transfers, schema.entries, schema.receipts, schema.payouts])
      others.push(await db.$count(table))
    return { accounts: accounts.map(({ name }) => name), others }
  },
})

test('a query without conditions sees only the rows of its tenant', async () => {
  const running = await service({ name: 'forgetful', operations: { readAll } }).start({
    env: { DATABASE_URL: books.databaseUrl, HOLDFAST_DEV_KEY: developmentKey },
    mode: 'test',
    clock: systemClock,
    log: createLogger({ level: 'error', write: () => {} }),
    notify: () => {},
  })
  onTestFinished(() => running.stop())
  const { fetch } = createHandler(running)
  const answer = await fetch(new Request('http://ledger.test/all', { headers: developer }))
  // The development user has no account. Deposits of all customers use the account of the world.
  expect(await answer.json()).toEqual({ accounts: ['The world (EUR)'], others: [0, 0, 0, 0] })
})

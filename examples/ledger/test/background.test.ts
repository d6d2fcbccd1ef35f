import { until } from 'holdfast/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkBalances } from '../src/balance-check.ts'
import { type FakeBank, startFakeBank } from '../src/fake-bank.ts'
import { type Books, openBooks } from './books.fixture.ts'

let bank: FakeBank
let books: Books

beforeAll(async () => {
  bank = await startFakeBank()
  books = await openBooks({ BANK_URL: bank.url })
})

afterAll(async () => {
  await books.stop()
  await bank.stop()
})

const openWith = async (amount: number): Promise<string> => {
  const { id } = await books.call.createAccount({ name: 'Rich', currency: 'EUR' })
  await books.call.createDeposit({ account: id, amount })
  return id
}

const balanceOf = async (id: string): Promise<number> => (await books.call.getAccount({ id })).balance

const settled = (id: string): Promise<string> =>
  until(async () => {
    const { state } = await books.call.getPayout({ id })
    return state === 'pending' ? undefined : state
  })

const iban = 'DE02120300000000202051'

test('a transfer has one receipt, and is counted once', async () => {
  const from = await openWith(1_000)
  const to = await openWith(1)
  const key = crypto.randomUUID()
  const [first] = await Promise.all(
    [1, 2].map(async () => books.send('createTransfer', { from, to, amount: 300 }, { key })),
  )
  const again = await until(async () => {
    const answer = await books.send('createTransfer', { from, to, amount: 300 }, { key })
    return answer.status === 201 ? answer : undefined
  })
  const { id } = JSON.parse(again.body!) as { id: string }
  expect(first!.status === 201 || first!.status === 409).toBe(true)
  const receipt = await until(async () => {
    const answer = await books.send('getReceipt', { id })
    return answer.status === 200 ? (JSON.parse(answer.body!) as { body: string }) : undefined
  })
  expect(receipt.body).toContain('300 minor units of EUR')
  const { days } = await until(async () => {
    const found = await books.call.listVolumes({ since: '2020-01-01' })
    return found.days.length > 0 ? found : undefined
  })
  expect(days).toEqual([expect.objectContaining({ currency: 'EUR', transfers: 1, amount: '300' })])
})

test('a payout is paid once, although the bank fails after paying', async () => {
  const account = await openWith(1_000)
  const before = bank.payments
  bank.failNext(2)
  const { id } = await books.call.createPayout({ account, amount: 400, iban })
  expect(await settled(id)).toBe('paid')
  expect(await balanceOf(account)).toBe(600)
  expect(bank.payments - before).toBe(1)
  expect([...bank.calls.values()].at(-1)).toBe(3)
})

test('a payout that the bank declines is reversed', async () => {
  const account = await openWith(1_000)
  const { id } = await books.call.createPayout({ account, amount: 400, iban: 'DE02120300000000202000' })
  expect(await settled(id)).toBe('declined')
  expect(await balanceOf(account)).toBe(1_000)
})

test('the books are checked each night', async () => {
  const known = await until(
    async () => (await books.sql<{ name: string }>('select name from holdfast.job_schedules'))[0],
  )
  expect(known.name).toBe('nightly-balance-check')
  await books.sql(
    `insert into holdfast.jobs (service, id, name, input, state) values ('ledger', gen_random_uuid(), $1, $2, 'ready')`,
    [checkBalances.name, JSON.stringify({ tick: '2026-01-01T02:00:00.000Z' })],
  )
  const { items } = await until(async () => {
    const page = await books.call.listBalanceChecks({})
    return page.items.length > 0 ? page : undefined
  })
  expect(items).toEqual([
    { checkedAt: '2026-01-01T02:00:00.000Z', accounts: expect.any(Number) as number, unbalanced: [] },
  ])
})

import { uuidv7 } from 'holdfast'
import { until } from 'holdfast/testing'
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest'
import { type Books, developer, openBooks } from './books.fixture.ts'

let books: Books

beforeAll(async () => {
  books = await openBooks()
})

afterAll(() => books.stop())

const open = (name = 'Alice', currency = 'EUR') => books.call.createAccount({ name, currency })

const openWith = async (amount: number, currency = 'EUR') => {
  const account = await open('Rich', currency)
  await books.call.createDeposit({ account: account.id, amount })
  return account.id
}

const balanceOf = async (id: string) => (await books.call.getAccount({ id })).balance

describe('accounts', () => {
  test('accounts are opened empty, with a Location where they can be read', async () => {
    const response = await books.fetch('/accounts', {
      method: 'POST',
      headers: { ...developer, 'content-type': 'application/json', 'idempotency-key': `"${uuidv7()}"` },
      body: JSON.stringify({ name: '  Alice ', currency: 'EUR' }),
    })
    expect(response.status).toBe(201)
    const account = (await response.json()) as { id: string }
    expect(account).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: 'Alice',
      currency: 'EUR',
      balance: 0,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    })
    expect(response.headers.get('location')).toBe(`/accounts/${account.id}`)
    const read = await books.fetch(response.headers.get('location')!, { headers: developer })
    expect(await read.json()).toEqual(account)
  })

  test('accounts have the types of their schema', () => {
    expectTypeOf(books.call.getAccount).returns.resolves.toEqualTypeOf<{
      id: string
      name: string
      currency: string
      balance: number
      createdAt: string
    }>()
  })

  test.each([
    [{ name: '', currency: 'EUR' }, '#/name'],
    [{ name: 'a\nb', currency: 'EUR' }, '#/name'],
    [{ name: 'x'.repeat(101), currency: 'EUR' }, '#/name'],
    [{ name: 'Alice', currency: 'eur' }, '#/currency'],
    [{ currency: 'EUR' }, '#/name'],
  ])('opening an account with %j is rejected at %s', async (input, pointer) => {
    await expect(books.call.createAccount(input as never)).rejects.toMatchObject({
      status: 422,
      problem: { code: 'invalid-input', errors: [{ pointer, in: 'body' }] },
    })
  })

  test('accounts that do not exist get a 404', async () => {
    const id = uuidv7()
    await expect(books.call.getAccount({ id })).rejects.toMatchObject({
      status: 404,
      code: 'account-not-found',
    })
  })

  test('accounts are listed in pages, each once, without the world accounts', async () => {
    await using fresh = await openBooks()
    const opened: string[] = []
    for (let index = 0; index < 5; index += 1) {
      opened.push((await fresh.call.createAccount({ name: `Account ${index}`, currency: 'EUR' })).id)
    }
    await fresh.call.createDeposit({ account: opened[0]!, amount: 1 })
    const listed: string[] = []
    let cursor: string | undefined
    const sizes: number[] = []
    do {
      const page = await fresh.call.listAccounts({ limit: 2, ...(cursor === undefined ? {} : { cursor }) })
      listed.push(...page.items.map((account) => account.id))
      sizes.push(page.items.length)
      cursor = page.next
    } while (cursor !== undefined)
    expect(listed).toEqual(opened)
    expect(sizes).toEqual([2, 2, 1])
  })
})

describe('deposits', () => {
  test('deposits raise the balance', async () => {
    const account = await open()
    const deposit = await books.call.createDeposit({ account: account.id, amount: 1_250 })
    expect(deposit).toMatchObject({ account: account.id, amount: 1_250 })
    expect(await balanceOf(account.id)).toBe(1_250)
    expect(await books.call.getTransfer({ id: deposit.id })).toMatchObject({
      to: account.id,
      amount: 1_250,
      memo: null,
    })
  })

  test.each([0, -1, 1.5, 1_000_000_000_001, '5'])('deposits of %j are rejected', async (amount) => {
    const account = await open()
    await expect(
      books.call.createDeposit({ account: account.id, amount: amount as number }),
    ).rejects.toMatchObject({
      status: 422,
    })
  })

  test('deposits into an unknown account get a 404', async () => {
    await expect(books.call.createDeposit({ account: uuidv7(), amount: 1 })).rejects.toMatchObject({
      status: 404,
      code: 'account-not-found',
    })
  })
})

describe('transfers', () => {
  test('transfers move money', async () => {
    const [from, to] = [await openWith(1_000), await openWith(5)]
    const transfer = await books.call.createTransfer({ from, to, amount: 400, memo: 'rent' })
    expect(transfer).toMatchObject({ from, to, amount: 400, memo: 'rent' })
    expect([await balanceOf(from), await balanceOf(to)]).toEqual([600, 405])
    expect(await books.call.getTransfer({ id: transfer.id })).toEqual(transfer)
  })

  test('transfers sent twice with one key move the money once', async () => {
    const [from, to, key] = [await openWith(1_000), await openWith(5), uuidv7()]
    const first = await books.send('createTransfer', { from, to, amount: 400 }, { key })
    const second = await books.send('createTransfer', { from, to, amount: 400 }, { key })
    expect(second.body).toBe(first.body)
    expect(await balanceOf(from)).toBe(600)
  })

  test('transfers above the balance are rejected, with the balance', async () => {
    const [from, to] = [await openWith(100), await openWith(5)]
    await expect(books.call.createTransfer({ from, to, amount: 101 })).rejects.toMatchObject({
      status: 409,
      code: 'insufficient-funds',
      problem: { balance: 100 },
    })
    expect([await balanceOf(from), await balanceOf(to)]).toEqual([100, 5])
  })

  test('transfers of the whole balance succeed', async () => {
    const [from, to] = [await openWith(100), await openWith(5)]
    await books.call.createTransfer({ from, to, amount: 100 })
    expect(await balanceOf(from)).toBe(0)
  })

  test('transfers to an account of another currency are rejected like those to an unknown account', async () => {
    const [from, to] = [await openWith(100, 'EUR'), await openWith(100, 'USD')]
    const refusals = [to, uuidv7()].map((id) => books.call.createTransfer({ from, to: id, amount: 1 }))
    for (const refusal of refusals)
      await expect(refusal).rejects.toMatchObject({ status: 404, code: 'payee-not-found' })
    expect([await balanceOf(from), await balanceOf(to)]).toEqual([100, 100])
  })

  test('transfers from an unknown account get a 404', async () => {
    const to = await openWith(100)
    await expect(books.call.createTransfer({ from: uuidv7(), to, amount: 1 })).rejects.toMatchObject({
      status: 404,
      code: 'account-not-found',
    })
  })

  test('transfers to the same account are rejected', async () => {
    const account = await openWith(100)
    await expect(books.call.createTransfer({ from: account, to: account, amount: 1 })).rejects.toMatchObject({
      status: 422,
      problem: { errors: [{ pointer: '#/to' }] },
    })
  })

  test('transfers cannot use the world account', async () => {
    const account = await openWith(100)
    const [world] = await books.sql<{ id: string }>(
      `select id from accounts where kind = 'world' and currency = 'EUR'`,
    )
    for (const [from, to] of [
      [world!.id, account],
      [account, world!.id],
    ] as const)
      await expect(books.call.createTransfer({ from, to, amount: 1 })).rejects.toMatchObject({ status: 404 })
  })

  test('transfers in both directions at once keep the total', async () => {
    const [one, two] = [await openWith(1_000), await openWith(1_000)]
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const [from, to] = index % 2 === 0 ? [one, two] : [two, one]
        const key = crypto.randomUUID()
        // On a busy machine, some transfers exceed their deadline. A retry with the same key is
        // safe.
        return until(async () => {
          const answer = await books.send('createTransfer', { from, to, amount: 7 }, { key })
          return answer.status < 500 ? answer : undefined
        })
      }),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201))
    expect([await balanceOf(one), await balanceOf(two)]).toEqual([1_000, 1_000])
  })

  test('transfers of an account are listed newest first, in pages', async () => {
    const [from, to] = [await openWith(1_000), await openWith(5)]
    const made: string[] = []
    for (let amount = 1; amount <= 4; amount += 1)
      made.push((await books.call.createTransfer({ from, to, amount })).id)
    const first = await books.call.listTransfers({ account: from, limit: 3 })
    expect(first.items.map(({ id }) => id)).toEqual(made.toReversed().slice(0, 3))
    const second = await books.call.listTransfers({ account: from, limit: 3, cursor: first.next! })
    // The last item is the first deposit into the account.
    expect(second.items.map(({ amount }) => amount)).toEqual([1, 1_000])
    expect(second).not.toHaveProperty('next')
    await expect(books.call.listTransfers({ account: to, cursor: first.next! })).rejects.toMatchObject({
      status: 400,
      code: 'cursor-invalid',
    })
  })
})

describe('the books', () => {
  test('the books sum to zero, and every balance is the sum of its entries', async () => {
    const [from, to] = [await openWith(1_000), await openWith(5)]
    await books.call.createTransfer({ from, to, amount: 400 })
    expect(await books.sql('select sum(amount)::int from entries')).toEqual([{ sum: 0 }])
    expect(await books.sql('select sum(balance)::int from accounts')).toEqual([{ sum: 0 }])
    const wrong = await books.sql(
      `select a.id from accounts a left join entries e on e.account_id = a.id
       group by a.id having a.balance <> coalesce(sum(e.amount), 0)`,
    )
    expect(wrong).toEqual([])
  })

  test('the books cannot be falsified by a bug of the program', async () => {
    const [from, to] = [await openWith(1_000), await openWith(5)]
    const { id } = await books.call.createTransfer({ from, to, amount: 400 })
    const refused = (sql: string, message: RegExp) => expect(books.sql(sql, [id])).rejects.toThrow(message)
    await refused('update entries set amount = amount + 1 where transfer_id = $1', /never changed/)
    await refused('delete from entries where transfer_id = $1', /never changed/)
    await refused(
      'update accounts set balance = -1 where id = (select from_account from transfers where id = $1)',
      /accounts_balance_in_range/,
    )
    const third = await open()
    await expect(books.sql(`insert into entries values ($1, $2, 1)`, [id, third.id])).rejects.toThrow(
      /do not sum to zero/,
    )
  })
})

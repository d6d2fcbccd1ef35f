// Each `^?` marks the place above its caret. hovers.test.ts checks the hover of that place.
import { anyone, event, Forbidden, holdfast, pages, problem, Unauthenticated } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { oneOf, setting, settings } from 'holdfast/settings'
import { z } from 'zod'

export const InsufficientFunds = problem('insufficient-funds', { status: 409, title: 'Insufficient funds' })
//           ^?
export const LimitExceeded = problem('limit-exceeded', {
  //         ^?
  status: 409,
  title: 'Limit exceeded',
  extra: z.object({ limit: z.number() }),
})
export const occurred = InsufficientFunds()
//           ^?
export const TransferCreated = event('transfer.created', { payload: z.object({ id: z.string() }) })
//           ^?

const declared = settings({
  BANK_URL: setting(z.url(), { description: 'The bank.', optional: true }),
  MODE: setting(oneOf('live', 'dry'), { description: 'The mode.', default: 'dry' }),
})

const app = holdfast({ database: postgres(), settings: declared })
const { query, mutation, job, service } = app

export const member = app.access('member()', ({ caller }) => {
  //         ^?
  if (caller.id === undefined) return Unauthenticated()
  return caller.kind === 'guest' ? Forbidden() : { kind: 'member', id: caller.id }
})

export const getAccount = query({
  //         ^?
  route: 'GET /accounts/{id}',
  access: anyone('a test'),
  input: z.object({ id: z.string() }),
  output: z.object({ balance: z.number() }),
  problems: [LimitExceeded],
  run: ({ settings: given }) => ({ balance: given.BANK_URL === undefined ? 0 : 1 }),
  //                ^?
})

export const listAccounts = query({
  //         ^?
  route: 'GET /accounts',
  access: anyone('a test'),
  input: pages.input(z.object({ owner: z.string() })),
  output: pages.output(z.object({ id: z.string() })),
  run: ({ input }) => ({ items: [{ id: input.owner }] }),
  //      ^?
})

export const filters = pages.input(z.object({ owner: z.string() }))
//           ^?

export const transfer = mutation({
  //         ^?
  route: 'POST /transfers',
  access: anyone('a test'),
  input: z.object({ amount: z.number() }),
  output: z.object({ id: z.string() }),
  problems: [InsufficientFunds, LimitExceeded],
  run: ({ input }) => ({ id: String(input.amount) }),
})

export const closeAccount = mutation({ route: 'POST /close', access: anyone('a test'), run: () => {} })
//           ^?

export const settle = job({
  //         ^?
  name: 'settle',
  input: z.object({ id: z.string() }),
  deadline: '5m',
  //^?
  async run({ step, input }) {
    const sent = await step('send', () => ({ receipt: input.id }))
    //    ^?
    const seen = await step.waitFor('seen', TransferCreated, { key: sent.receipt })
    //    ^?
    if (seen) await step.sleep('rest', '1s')
  },
})

export const bank = service({ name: 'bank', operations: { getAccount, transfer } })
//           ^?
export const mixed = service({ name: 'mixed', operations: { getAccount, TransferCreated } })
//           ^?

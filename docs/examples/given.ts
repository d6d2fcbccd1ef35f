import { anyone, event, holdfast, problem } from 'holdfast'
import { accounts, inbox, sessions } from 'holdfast/auth'
import { postgres } from 'holdfast/postgres'
import { createTestService, type TestService } from 'holdfast/testing'
import { z } from 'zod'
import { openDriverPool } from '../../packages/holdfast/src/storage/postgres/session/driver-client.ts'

// The definitions that the examples of doc comments use without declaring them.

export { z } from 'zod'

/** The functions of an application. */
export const app = holdfast({ database: postgres() })
export const { query, mutation, job, consumer, service } = app

export const OrderPlaced = event('order.placed', { payload: z.object({ order: z.int() }) })
export const OwnerNotFound = problem('owner-not-found', { status: 404, title: 'There is no such owner' })
export const EmailTaken = problem('email-taken', { status: 409, title: 'The address is taken' })

export const sendReceipt = job({
  name: 'send-receipt',
  input: z.object({ order: z.int() }),
  run: () => {},
})

export const listOrders = query({
  route: 'GET /orders',
  access: anyone('an example without sign-in'),
  output: z.object({ orders: z.array(z.int()).max(100) }),
  run: () => ({ orders: [] }),
})

export const placeOrder = mutation({
  route: 'POST /orders',
  access: anyone('an example without sign-in'),
  input: z.object({ total: z.int().positive() }),
  run: async ({ jobs }) => void (await jobs.enqueue(sendReceipt, { order: 7 })),
})

export const shop = service({ name: 'shop', operations: { listOrders, placeOrder }, jobs: [sendReceipt] })

const session = sessions()

/** The accounts of an application. */
export const auth = accounts(holdfast({ database: postgres(), identify: session }), {
  sessions: session,
  mail: inbox(),
  pages: {
    verifyEmail: 'https://app.example.com/verify-email',
    resetPassword: 'https://app.example.com/reset-password',
  },
})

/** The secret that a sender signs its webhooks with. */
export const secret = 'whsec_dGhlIHNlY3JldCBvZiBhbiBleGFtcGxlIHNlbmRlcg=='

const tested: TestService<typeof shop.operations> = await createTestService(shop)

/** The database of the shop, with the tables of the framework. */
export const shopUrl = tested.databaseUrl
export const pool: ReturnType<typeof openDriverPool> = openDriverPool({
  connectionString: shopUrl,
  sessionSettings: {},
})

/** Closes the resources that the examples share. */
export async function close(): Promise<void> {
  await pool.end()
  await tested.stop()
}

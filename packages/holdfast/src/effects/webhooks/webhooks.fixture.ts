import { anyone, event, type EventType, holdfast, type MutationContext, type Caller } from 'holdfast'
import { postgres, type SqlDatabase } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import {
  type NewWebhookEndpoint,
  type WebhookDelivery,
  WebhookEndpointFailed,
  webhooks,
  type Webhooks,
  webhookProblems,
  type WebhooksDefinition,
} from 'holdfast/webhooks'
import { z } from 'zod'

const Payload = z.object({ account: z.string(), amount: z.int() })
type PayloadOf = z.infer<typeof Payload>

export const TransferCreated: EventType<PayloadOf> = event('transfer.created', { payload: Payload })
export const TransferFailed: EventType<PayloadOf> = event('transfer.failed', { payload: Payload })
/** An event that is not sent as a webhook. */
export const TransferChecked: EventType<PayloadOf> = event('transfer.checked', { payload: Payload })

/** The context of the service's handlers. */
export type HandlerContext = MutationContext<Record<string, never>, Caller, SqlDatabase>

/** A service that sends webhooks, with functions for tests. */
export interface TestWebhooks extends AsyncDisposable {
  readonly hooks: Webhooks
  readonly tested: TestService<never>
  /** Owners and reasons of automatically disabled endpoints. */
  readonly failed: { readonly owner: string; readonly reason: string }[]
  /** Runs work in the transaction of a mutation. Rejects if the work throws a problem. */
  within<T>(work: (context: HandlerContext) => Promise<T>): Promise<T>
  /** Publishes a transfer of an account, and returns the message's id. */
  publish(account: string, type?: EventType<PayloadOf>, amount?: number): Promise<string>
  /** Adds an endpoint of an account. */
  add(account: string, url: string, events?: readonly string[]): Promise<NewWebhookEndpoint>
  /** Returns the deliveries of an account, newest first. */
  deliveries(account: string): Promise<readonly WebhookDelivery[]>
  /** Waits until the deliveries of an account, newest first, have exactly these states. */
  settled(
    account: string,
    ...states: readonly WebhookDelivery['state'][]
  ): Promise<readonly WebhookDelivery[]>
}

/** Starts the service with a worker. Its receivers are on loopback. */
export async function startWebhooks(
  options: Partial<WebhooksDefinition<EventType>> = {},
): Promise<TestWebhooks> {
  const hooks = webhooks({
    events: [TransferCreated, TransferFailed],
    ownerOf: ({ payload }) => (payload.account === 'nobody' ? undefined : payload.account.split(' and ')),
    allowedHosts: ['127.0.0.1'],
    retry: { schedule: ['10ms', '10ms'] },
    ...(options as object),
  })
  const failed: { owner: string; reason: string }[] = []
  let action: (context: HandlerContext) => Promise<unknown> = async () => {}
  const { consumer, mutation, service } = holdfast({ database: postgres() })
  const act = mutation({
    route: 'POST /act',
    access: anyone('a test'),
    problems: webhookProblems,
    async run(context) {
      await action(context as HandlerContext)
    },
  })
  const tell = consumer({
    name: 'tell',
    event: WebhookEndpointFailed,
    run({ message }) {
      failed.push({ owner: message.payload.owner, reason: message.payload.reason })
    },
  })
  const tested = await createTestService(
    service({ name: 'webhooks', operations: { act }, consumers: [tell], capabilities: [hooks] }),
  )

  async function within<T>(work: (context: HandlerContext) => Promise<T>): Promise<T> {
    const results: T[] = []
    action = async (context) => void results.push(await work(context))
    await tested.call.act({})
    return results.at(-1)!
  }

  async function deliveries(account: string): Promise<readonly WebhookDelivery[]> {
    const { items } = await within((context) =>
      context.page({ limit: 100 }, hooks.listDeliveries(context.transaction, { owner: account })),
    )
    return items
  }

  return {
    hooks,
    tested: tested as unknown as TestService<never>,
    failed,
    within,
    publish(account, type = TransferCreated, amount = 1) {
      // A complete row, with properties that the event does not declare.
      const row = { account, amount, password_hash: 'x' }
      return within(({ publish }) => publish(type, account, row))
    },
    add: (account, url, events) =>
      within(({ transaction }) => hooks.addEndpoint(transaction, { owner: account, url, events })),
    deliveries,
    settled: (account, ...states) =>
      until(
        async () => {
          const found = await deliveries(account)
          return JSON.stringify(found.map(({ state }) => state)) === JSON.stringify(states)
            ? found
            : undefined
        },
        { what: `deliveries of ${account} that are ${states.join(', ')}` },
      ),
    [Symbol.asyncDispose]: () => tested.stop(),
  }
}

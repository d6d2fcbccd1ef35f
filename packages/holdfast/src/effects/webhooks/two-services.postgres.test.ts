import { anyone, createLogger, holdfast, type MutationContext, type Caller, systemClock } from 'holdfast'
import { connectClient, postgres, type SqlDatabase } from 'holdfast/postgres'
import { type TestDatabase, until } from 'holdfast/testing'
import { createMigratedDatabase } from '../../testing/template.ts'
import { listWebhookDeliveries, listWebhookEndpoints, webhookProblems, webhooks } from 'holdfast/webhooks'
import type pg from 'pg'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Receiver, startReceiver } from '../../platform/egress/receiver.fixture.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { pruneWebhookMessages } from './queries/prune-messages.ts'
import { TransferCreated } from './webhooks.fixture.ts'

type Context = MutationContext<Record<string, never>, Caller, SqlDatabase>

let database: TestDatabase
let client: pg.Client
beforeAll(async () => {
  database = await createMigratedDatabase()
  client = await connectClient({ connectionString: database.url, applicationName: 'test' })
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

/** Starts a service with webhooks and a worker on the database of this file. */
async function start(name: string) {
  const hooks = webhooks({
    events: [TransferCreated],
    ownerOf: ({ payload }) => payload.account,
    allowedHosts: ['127.0.0.1'],
  })
  let action: (context: Context) => Promise<unknown> = async () => {}
  const { mutation, service } = holdfast({ database: postgres({ url: database.url }) })
  const act = mutation({
    route: 'POST /act',
    access: anyone('a test'),
    problems: webhookProblems,
    run: async (context) => void (await action(context as Context)),
  })
  const running = await service({ name, operations: { act }, capabilities: [hooks] }).start({
    env: {},
    mode: 'test',
    clock: systemClock,
    log: createLogger({ level: 'error', write: (line) => process.stderr.write(`${line}\n`) }),
    notify: () => {},
  })
  const worker = await running.startWorker()
  return {
    hooks,
    /**
     * Runs work in a mutation of the service. Returns the result, or the code of the problem thrown
     * by the work.
     */
    async within<T>(work: (context: Context) => Promise<T>): Promise<T | { readonly code: string }> {
      const results: T[] = []
      action = async (context) => void results.push(await work(context))
      const answer = await running.call({
        operation: 'act',
        input: { path: {}, query: {}, body: undefined },
        header: (header) => (header === 'idempotency-key' ? randomUUID() : undefined),
      })
      if (answer.status >= 400) return { code: JSON.parse(answer.body ?? '{}').code as string }
      return results.at(-1)!
    },
    async [Symbol.asyncDispose]() {
      await worker?.stop(1_000)
      await running.stop()
    },
  }
}

function addressed({ requests }: Receiver, path: string): number {
  return requests.filter((request) => request.path === path).length
}

test('two services with endpoints of one owner send, list, change and replay only their own', async () => {
  await using receiver = await startReceiver()
  receiver.reply((_, response) => void response.writeHead(200).end())
  await using one = await start('one')
  await using other = await start('other')
  const owner = 'ann'
  const add = (service: typeof one, path: string) =>
    service.within(({ transaction }) =>
      service.hooks.addEndpoint(transaction, { owner, url: new URL(path, receiver.url).href }),
    )
  const mine = (await add(one, '/one')) as { readonly id: string }
  await add(other, '/other')
  await one.within(({ publish }) => publish(TransferCreated, owner, { account: owner, amount: 1 }))
  await until(async () => (await listWebhookDeliveries(client, { state: 'delivered' })).length === 1)
  expect(addressed(receiver, '/one')).toBe(1)

  const unknown = { code: 'webhook-endpoint-unknown' }
  const id = mine.id
  const { hooks } = other
  const [delivery] = await listWebhookDeliveries(client)
  expect(
    await other.within(async (context) => {
      const endpoints = await context.page({ limit: 10 }, hooks.listEndpoints(context.transaction, { owner }))
      const deliveries = await context.page(
        { limit: 10 },
        hooks.listDeliveries(context.transaction, { owner }),
      )
      return [endpoints.items.map(({ url }) => new URL(url).pathname), deliveries.items]
    }),
  ).toEqual([['/other'], []])
  for (const attempt of [
    ({ transaction }: Context) => hooks.updateEndpoint(transaction, { id, owner, description: 'taken' }),
    ({ transaction }: Context) => hooks.rotateSecret(transaction, { id, owner }),
    ({ transaction }: Context) => hooks.disableEndpoint(transaction, { id, owner }),
    ({ transaction }: Context) => hooks.enableEndpoint(transaction, { id, owner }),
    ({ transaction }: Context) => hooks.removeEndpoint(transaction, { id, owner }),
    ({ transaction }: Context) =>
      hooks.replayDeliveries(transaction, { owner, endpoint: id, since: new Date(0), which: 'all' }),
  ])
    expect(await other.within<unknown>(attempt)).toEqual(unknown)
  expect(
    await other.within(({ transaction }) => hooks.replayDelivery(transaction, { id: delivery!.id, owner })),
  ).toEqual({ code: 'webhook-delivery-unknown' })

  expect(await listWebhookEndpoints(client, { service: 'one' })).toMatchObject([{ id, service: 'one' }])
  expect(await listWebhookDeliveries(client, { service: 'other' })).toEqual([])
  // Each service has a separate retention.
  await runStatement(client, pruneWebhookMessages('other', { retentionMs: -60_000, limit: 10 }))
  expect(await listWebhookDeliveries(client)).toHaveLength(1)
  expect(addressed(receiver, '/other')).toBe(0)
})

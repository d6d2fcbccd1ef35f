import { ephemeralSigningKeys } from '../../kernel/pages/signing-keys.ts'
import {
  anyone,
  createLogger,
  type Database,
  holdfast,
  type Operations,
  problem,
  type RunningService,
  type Service,
  systemClock,
} from 'holdfast'
import { createHandler, type HandlerOptions } from 'holdfast/http'
import { z } from 'zod'

/** A database that does nothing, for operations that use no data. */
export const noDatabase: Database<undefined, undefined> = {
  name: 'none',
  problems: [],
  open: async () => ({
    signingKeys: ephemeralSigningKeys(),
    stageFor: () => (call, next) => next(call),
    close: async () => {},
  }),
}

const { query, mutation, service } = holdfast({ database: noDatabase })

export const SoldOut = problem('sold-out', {
  status: 409,
  title: 'Nothing <b>is</b> left',
  description: 'Another call was faster & "took" it.',
  extra: z.object({ left: z.int().meta({ description: 'How many <i>are</i> left.' }) }),
})

const Order = z.object({ id: z.string(), item: z.string() })

export const getOrder = query({
  route: 'GET /orders/{id}',
  access: anyone('a test'),
  input: z.object({ id: z.string(), lines: z.boolean().default(false) }),
  output: Order,
  run: ({ input }) => ({ id: input.id, item: input.lines ? 'with lines' : 'tea' }),
})

export const listOrders = query({
  route: 'GET /orders',
  access: anyone('a test'),
  input: z.object({ tag: z.array(z.string()).optional(), min: z.int().optional() }),
  output: z.object({ tags: z.array(z.string()).max(100), min: z.int().nullable() }),
  run: ({ input }) => ({ tags: input.tag ?? [], min: input.min ?? null }),
})

export const createOrder = mutation({
  route: 'POST /orders',
  access: anyone('a test'),
  input: z.object({ id: z.string().default('1'), item: z.string() }),
  output: Order,
  status: 201,
  location: '/orders/{id}',
  problems: [SoldOut],
  run: ({ input }) => {
    if (input.item === 'gone') throw SoldOut({ left: 0 })
    return input
  },
})

export const ping = mutation({ route: 'POST /ping', access: anyone('a test'), run: () => {} })

export const removeOrder = mutation({
  route: 'DELETE /orders/{id}',
  access: anyone('a test'),
  input: z.object({ id: z.string() }),
  run: () => {},
})

export const fail = query({
  route: 'GET /defects',
  access: anyone('a test'),
  output: Order,
  run: () => {
    throw new TypeError('select secret from vault')
  },
})

/** A service with an operation of each kind. */
export const shop = service({
  name: 'shop',
  operations: { getOrder, listOrders, createOrder, ping, removeOrder, fail },
})

/** A service that runs in a test, and its HTTP handler. */
export interface Shop {
  readonly running: RunningService
  /** Every line that the service has logged. */
  readonly log: readonly string[]
  /** Sends a request; the path starts with a slash. */
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>
}

/** Starts a service without a socket. */
export async function openShop<O extends Operations>(
  definition: Service<O>,
  options?: HandlerOptions,
): Promise<Shop> {
  const log: string[] = []
  const running = await definition.start({
    env: {},
    mode: 'test',
    clock: systemClock,
    log: createLogger({ level: 'debug', write: (line) => log.push(line) }),
    notify: () => {},
  })
  const handler = createHandler(running, options)
  return {
    running,
    log,
    fetch: (path, init) => handler.fetch(new Request(`http://shop.test${path}`, init)),
  }
}

/** Returns the method and JSON body of a request, in the form that `fetch` takes. */
export function json(body: string, headers: Record<string, string> = {}): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body }
}

/** Returns the problem in a response, without any assertion. */
export async function problemOf(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>
}

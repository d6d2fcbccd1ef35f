import {
  anyone,
  createLogger,
  event,
  type EventType,
  GiveUp,
  holdfast,
  type Job,
  systemClock,
} from 'holdfast'
import {
  eraseSubject,
  exportSubject,
  type StatementClient,
  type SubjectErasure,
  type SubjectRecord,
} from 'holdfast/erasure'
import { postgres } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { webhookProblems, webhooks } from 'holdfast/webhooks'
import type pg from 'pg'
import { beforeEach } from 'vitest'
import { z } from 'zod'
import { duringFile } from '../../../test/during.ts'
import { type Receiver, startReceiver } from '../../platform/egress/receiver.fixture.ts'
import { openDriverPool } from '../../storage/postgres/session/driver-client.ts'

/** Personal data that must not be found anywhere after an erasure. */
export const secret = 'Grace Brewster Hopper'

const Note = z.object({ customer: z.string(), text: z.string() })
type NoteOf = z.infer<typeof Note>

export const Noted: EventType<NoteOf> = event('note.made', {
  payload: Note,
  subjectsOf: ({ customer }) => customer,
})

const testService = 'erasure-test'

/** The handlers of the service, which a test replaces. */
export interface Handlers {
  /** Runs inside the mutation, before it enqueues and publishes. */
  note: () => Promise<void>
  mail: () => Promise<void>
  hear: () => Promise<void>
}

/** A service that stores data about customers in every table of the framework. */
export interface TestErasure extends AsyncDisposable {
  readonly on: TestService<never>
  readonly pool: pg.Pool
  readonly handlers: Handlers
  /** Number of times that the mutation ran, by customer. */
  readonly runs: Map<string, number>
  /** Receives the webhooks, and responds with the secret. */
  readonly receiver: Receiver
  /** Restores the handlers and the receiver. */
  reset(): void
  /** Adds a note about a customer, with one mutation: a key, a job and a message. */
  note(customer: string, options?: NoteOptions): Promise<Response>
  /** Runs a worker until no work is waiting, or until a condition holds. */
  work(condition?: () => Promise<boolean>): Promise<void>
  /** Returns the complete export of a subject. */
  exported(subject: string): Promise<readonly SubjectRecord[]>
  /** Returns the framework's tables that contain a text. */
  tablesWith(text: string): Promise<readonly string[]>
  /** Returns the contents of all tables of the framework. */
  contents(): Promise<ReadonlyMap<string, string>>
  /** Returns a client that calls functions before and after each statement. */
  watched(watch: StatementWatch): Promise<StatementClient>
}

/** Functions called before and after each statement; if one throws, the statement fails. */
export interface StatementWatch {
  readonly before?: (text: string) => void | Promise<void>
  readonly after?: (text: string) => void | Promise<void>
}

/** Options of a note. */
export interface NoteOptions {
  /** Default: a new UUID. */
  readonly key?: string
  /** The caller. Default: anonymous. */
  readonly user?: string
  readonly text?: string
  /** The parts to store. Default: the job and the message. */
  readonly parts?: readonly ('job' | 'message')[]
}

/** The service that the tests in a file share. */
export interface ErasureTests {
  readonly app: TestErasure
  /** Erases the customer of the current test. */
  readonly erase: (options?: Parameters<typeof eraseSubject>[2]) => Promise<SubjectErasure>
}

/**
 * Starts the service for the tests of a file, and restores it before each test. `onCustomer`
 * receives each test's customer, which is unique to that test.
 */
export function useErasure(onCustomer: (customer: string) => void): ErasureTests {
  const app = duringFile(startErasure)
  let count = 0
  const customer = (): string => `customer:${count}`
  beforeEach(() => {
    count += 1
    onCustomer(customer())
    app.reset()
  })
  return {
    app,
    erase: (options = {}) => eraseSubject(app.pool, customer(), { service: testService, ...options }),
  }
}

/** Starts the service, without a worker. */
async function startErasure(): Promise<TestErasure> {
  const handlers: Handlers = { note: async () => {}, mail: async () => {}, hear: async () => {} }
  const runs = new Map<string, number>()
  const { consumer, job, mutation, service } = holdfast({
    database: postgres(),
    identify: ({ header }) => {
      const id = header('authorization')
      return id === undefined ? undefined : { kind: 'user', id }
    },
  })
  const mail: Job<NoteOf> = job({
    name: 'mail',
    input: Note,
    retry: { attempts: 1 },
    subjectsOf: ({ customer }) => customer,
    async run({ input, step, progress }) {
      await step('render', () => ({ letter: input.text }))
      progress({ to: input.text })
      await handlers.mail()
    },
  })
  const hear = consumer({
    name: 'hear',
    event: Noted,
    retry: { attempts: 1 },
    run: () => handlers.hear(),
  })
  const hooks = webhooks({
    events: [Noted],
    ownerOf: () => 'shop',
    allowedHosts: ['127.0.0.1'],
    retry: { schedule: ['1h'] },
  })
  const note = mutation({
    route: 'POST /notes',
    access: anyone('a test'),
    input: Note.extend({ parts: z.array(z.enum(['job', 'message'])) }),
    output: z.object({ text: z.string() }),
    status: 201,
    subjectsOf: ({ input: { customer } }) => customer,
    async run({ input: { parts, ...input }, jobs, publish }) {
      runs.set(input.customer, (runs.get(input.customer) ?? 0) + 1)
      await handlers.note()
      if (parts.includes('job')) await jobs.enqueue(mail, input)
      if (parts.includes('message')) await publish(Noted, input.customer, input)
      return { text: input.text }
    },
  })
  const addEndpoint = mutation({
    route: 'POST /endpoints',
    access: anyone('a test'),
    input: z.object({ url: z.string() }),
    output: z.object({ id: z.string() }),
    problems: webhookProblems,
    async run({ input: { url }, transaction }) {
      const { id } = await hooks.addEndpoint(transaction, { owner: 'shop', url })
      return { id }
    },
  })
  const on = await createTestService(
    service({
      name: testService,
      operations: { note, addEndpoint },
      jobs: [mail],
      consumers: [hear],
      capabilities: [hooks],
    }),
    { onLog: () => {}, worker: false },
  )
  const pool = openDriverPool({ connectionString: on.databaseUrl, max: 10 })
  pool.on('error', () => {})

  const tables = async (): Promise<readonly string[]> => {
    const rows = await on.sql<{ name: string }>(
      `select format('holdfast.%I', relname) as name from pg_class
       where relnamespace = 'holdfast'::regnamespace and relkind = 'r' order by relname`,
    )
    return rows.map((row) => row.name)
  }

  const receiver = await startReceiver()
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': '"endpoint"' }
  await on.fetch('/endpoints', { method: 'POST', headers, body: JSON.stringify({ url: receiver.url }) })
  const clients: pg.PoolClient[] = []

  return {
    on: on as unknown as TestService<never>,
    pool,
    handlers,
    runs,
    receiver,
    reset() {
      receiver.reply((_, response) => void response.writeHead(200).end(`Thanks, ${secret}`))
      for (const name of ['note', 'mail', 'hear'] as const) handlers[name] = async () => {}
    },
    note(customer, { key = crypto.randomUUID(), user, text = secret, parts = ['job', 'message'] } = {}) {
      const headers = {
        'Content-Type': 'application/json',
        'Idempotency-Key': `"${key}"`,
        ...(user === undefined ? {} : { Authorization: user }),
      }
      const body = JSON.stringify({ customer, text, parts })
      return on.fetch('/notes', { method: 'POST', headers, body })
    },
    async work(condition) {
      const isIdle = async (): Promise<boolean> => {
        const [row] = await on.sql<{ idle: boolean }>(
          `select not exists (select from holdfast.jobs where state in ('ready', 'limited', 'blocked', 'running'))
             and not exists (select from holdfast.messages where position is null)
             and not exists (
               select from holdfast.subscriptions where position < (select max(position) from holdfast.messages)
             ) as idle`,
        )
        return row!.idle
      }
      const worker = await on.running.startWorker()
      await until(condition ?? isIdle)
      await worker?.stop(5_000)
    },
    exported: (subject) => collect(exportSubject(pool, subject, { service: testService })),
    async tablesWith(text) {
      const found: string[] = []
      for (const table of await tables()) {
        const rows = await on.sql(
          `select from ${table} as row where row::text like '%' || $1 || '%' limit 1`,
          [text],
        )
        if (rows.length > 0) found.push(table)
      }
      return found
    },
    async contents() {
      const contents = new Map<string, string>()
      for (const table of await tables()) {
        const [row] = await on.sql<{ text: string | null }>(
          `select string_agg(row::text, E'\\n' order by row::text) as text from ${table} as row`,
        )
        contents.set(table, row!.text ?? '')
      }
      return contents
    },
    async watched({ before, after }) {
      const client = await pool.connect()
      clients.push(client)
      const watched: StatementClient & Pick<pg.PoolClient, 'getTransactionStatus'> = {
        getTransactionStatus: () => client.getTransactionStatus(),
        async query(text, values) {
          await before?.(text)
          const result = await client.query(text, values)
          await after?.(text)
          return result
        },
      }
      return watched
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.release(true)
      await receiver[Symbol.asyncDispose]()
      await pool.end()
      await on.stop()
    },
  }
}

/** A second service on a database, which stores a key and a job about a customer. */
export interface OtherService {
  note(customer: string): Promise<void>
  stop(): Promise<void>
}

/** Starts the service `other`, without a worker. */
export async function startOther(databaseUrl: string): Promise<OtherService> {
  const { job, mutation, service } = holdfast({ database: postgres() })
  const input = z.object({ customer: z.string() })
  const mail = job({ name: 'mail', input, subjectsOf: ({ customer }) => customer, run: () => {} })
  const note = mutation({
    route: 'POST /notes',
    access: anyone('a test'),
    input,
    subjectsOf: ({ input: { customer } }) => customer,
    run: async ({ input: { customer }, jobs }) => void (await jobs.enqueue(mail, { customer })),
  })
  const running = await service({ name: 'other', operations: { note }, jobs: [mail] }).start({
    env: { DATABASE_URL: databaseUrl },
    mode: 'test',
    clock: systemClock,
    notify: () => {},
    log: createLogger({ level: 'error', write: () => {} }),
  })
  return {
    async note(customer) {
      const key = crypto.randomUUID()
      await running.call({
        operation: 'note',
        input: { path: {}, query: {}, body: { customer } },
        header: (name) => (name === 'idempotency-key' ? key : undefined),
      })
    },
    stop: () => running.stop(),
  }
}

/** Returns all items of an asynchronous generator. */
export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** Fails a job or a message permanently. */
export function giveUp(): Promise<never> {
  return Promise.reject(new GiveUp('planted'))
}

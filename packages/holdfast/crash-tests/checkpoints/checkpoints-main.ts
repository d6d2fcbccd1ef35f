import { once } from 'node:events'
import { flushCompileCache } from 'node:module'
import { anyone, event, holdfast, problem, relay } from 'holdfast'
import { nats } from 'holdfast/nats'
import { serve } from 'holdfast/node'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { z } from 'zod'
import { openDriverPool } from '../../src/storage/postgres/session/driver-client.ts'

// A service with every kind of effect that one commit stores. It also serves the negative controls
// of the test: retries with new keys, and a job whose effect is outside its transaction.
const { consumer, job, mutation, service } = holdfast({
  database: postgres({
    migrations: new URL('./migrations/', import.meta.url),
    // With prepared statements, the sent bytes would not contain the text of each statement.
    preparedStatements: false,
    connections: { reads: 4, writes: 4 },
  }),
})

const note = (db: SqlDatabase, kind: string, name: string): Promise<unknown> =>
  db.query(sql`insert into effects (kind, name) values (${kind}, ${name})`)

const Named = z.object({ name: z.string() })
const retry = { attempts: 100, initialDelay: '10ms', maxDelay: '20ms' } as const

const Answered = event('answered', { payload: Named })
const Recorded = event('recorded', { payload: Named.extend({ part: z.int() }) })

const plain = job({
  name: 'plain',
  input: Named,
  retry,
  run: ({ input, db }) => note(db, 'plain', input.name).then(() => {}),
})

// Publishes a message after a delay. By then, the job is usually waiting for the message.
const answer = job({
  name: 'answer',
  input: Named,
  retry,
  run: async ({ input: { name }, publish }) => void (await publish(Answered, name, { name })),
})

const inSteps = job({
  name: 'in-steps',
  input: Named,
  retry,
  async run({ input: { name }, db, step }) {
    await step('first', async (within) => {
      await note(within.db, 'first step', name)
      await within.jobs.enqueue(answer, { name }, { delay: '100ms' })
    })
    const reply = await step('call', async ({ key }) => {
      const answer = await fetch(process.env['BANK_URL']!, {
        method: 'POST',
        headers: { 'idempotency-key': key, name },
      })
      return answer.text()
    })
    const answered = await step.waitFor('answer', Answered, { key: name })
    await step.sleep('pause', '20ms')
    await note(db, `last step ${reply} ${answered?.payload.name === name ? 'answered' : 'expired'}`, name)
  },
})

const outside = openDriverPool({
  connectionString: process.env['DATABASE_URL']!,
  max: 1,
  application_name: 'outside',
})
const unsafe = job({
  name: 'unsafe',
  input: Named,
  retry,
  async run({ input: { name }, db }) {
    await db.query(sql`select 1`)
    await outside.query('insert into effects (kind, name) values ($1, $2)', ['unsafe', name])
  },
})

const consume = consumer({
  name: 'consume',
  event: Recorded,
  run: ({ message: { payload }, db }) => note(db, `consumed ${payload.part}`, payload.name).then(() => {}),
})

const Refused = problem('refused', {
  status: 409,
  title: 'It is refused',
  description: 'The request asked for a refusal.',
})

const record = mutation({
  route: 'POST /records',
  access: anyone('a test'),
  input: Named.extend({ isRefused: z.boolean(), isUnsafe: z.boolean() }),
  output: Named,
  status: 201,
  problems: [Refused],
  async run({ input: { name, isRefused, isUnsafe }, db, jobs, publish }) {
    await note(db, 'mutation', name)
    if (isUnsafe) {
      await jobs.enqueue(unsafe, { name })
      return { name }
    }
    await jobs.enqueue(plain, { name })
    await jobs.enqueue(inSteps, { name })
    await publish(Recorded, name, { name, part: 1 })
    await publish(Recorded, name, { name, part: 2 })
    if (isRefused) throw Refused()
    return { name }
  },
})

const natsUrl = process.env['NATS_URL']
const recorded = service({
  name: 'recorded',
  operations: { record },
  jobs: [answer, inSteps, plain, unsafe],
  consumers: [consume],
  relays:
    natsUrl === undefined
      ? []
      : [
          relay({
            name: 'to-nats',
            events: [Recorded],
            to: nats({ servers: natsUrl, stream: 'recorded', createStream: { subjects: ['recorded'] } }),
          }),
        ],
})

// This process waits before it serves, because it may be a spare process. A spare process must not
// run jobs before the current process is killed.
process.channel?.ref()
process.send?.({ isLoaded: true })
await once(process, 'message')
process.channel?.unref()
const isWorker = process.env['ROLE'] === 'worker'
const { url } = await serve(recorded, {
  telemetry: false,
  documentation: false,
  ...(isWorker ? {} : { worker: false as const }),
})
process.send?.({ url })
// Node would write its compile cache only on exit, but this process never exits normally.
flushCompileCache()

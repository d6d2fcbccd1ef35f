import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { channel } from 'node:diagnostics_channel'
import { createServer, get } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { anyone, createLogger, holdfast, type JobContext } from 'holdfast'
import { serve } from 'holdfast/node'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { createMigratedDatabase } from '../../testing/template.ts'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'

const { job, mutation, query, service } = holdfast({
  database: postgres({ connections: { reads: 1, writes: 1 } }),
})

type Context = JobContext<Record<string, never>, SqlDatabase>

let inQuery: (context: { readonly db: SqlDatabase }) => Promise<unknown>
let inMutation: (context: { readonly db: SqlDatabase }) => unknown
let inJob: (context: Context) => Promise<unknown>

const read = query({
  route: 'GET /read',
  access: anyone('a test'),
  deadline: '300ms',
  run: async (context) => void (await inQuery(context)),
})
const write = mutation({
  route: 'POST /write',
  access: anyone('a test'),
  run: async (context) => void (await inMutation(context)),
})
const work = job({
  name: 'work',
  input: z.object({}),
  retry: { attempts: 1 },
  run: (context) => inJob(context) as Promise<void>,
})
const begin = mutation({
  route: 'POST /begin',
  access: anyone('a test'),
  run: async ({ jobs }) => void (await jobs.enqueue(work, {})),
})
const tested = service({
  name: 'external-calls-test',
  operations: { read, write, begin },
  jobs: [work],
})
type Tested = TestService<typeof tested.operations>

/** The requests that a third party received. */
const asked: string[] = []
const thirdParty = createServer((request, response) => {
  asked.push(request.url ?? '')
  if (request.url === '/redirect') response.writeHead(302, { location: '/redirected' })
  response.end('{}')
})
let host: string
beforeAll(async () => {
  await new Promise<void>((resolve) => thirdParty.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(thirdParty.address() as AddressInfo).port}`
})
afterAll(() => {
  thirdParty.close()
  thirdParty.closeAllConnections()
})

const started: Tested[] = []
let lines: Readonly<Record<string, unknown>>[] = []
afterEach(async () => {
  for (const one of started.splice(0)) await one.stop()
  lines = []
  asked.length = 0
})

const onLog = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>)

async function start(externalCalls?: 'report' | 'refuse' | 'allow'): Promise<Tested> {
  const one = await createTestService(tested, {
    onLog,
    ...(externalCalls ? { externalCalls } : {}),
  })
  started.push(one)
  return one
}

const reports = (): readonly Readonly<Record<string, unknown>>[] =>
  lines.filter(({ msg }) => String(msg).startsWith('external call inside a transaction'))

const call = async (path: string): Promise<string> => (await fetch(`http://${host}${path}`)).text() // of call
const note = (db: SqlDatabase): Promise<unknown> => db.query(sql`select 1`)

/** Returns the location of the line that ends with this comment. */
function callerLineOf(comment: string): string {
  const path = fileURLToPath(import.meta.url)
  const texts = readFileSync(path, 'utf8').split('\n')
  return `${path}:${texts.findIndex((text) => text.endsWith(`// ${comment}`)) + 1}`
}

async function runJob(on: Tested): Promise<string> {
  await on.call.begin({})
  return until(async () => {
    const [row] = await on.sql<{ state: string }>(`select state from holdfast.all_jobs where name = 'work'`)
    return row && ['succeeded', 'dead'].includes(row.state) && row.state
  })
}

test('a fetch in the handler of a mutation is reported with its host and line, once', async () => {
  const on = await start()
  inMutation = () => call('/charge')
  await on.call.write({})
  await on.call.write({})
  expect(reports()).toEqual([
    expect.objectContaining({ level: 'warn', operation: 'write', host, calledAt: callerLineOf('of call') }),
  ])
  expect(asked).toEqual(['/charge', '/charge'])
})

test('a request of node:http is reported, and so is a bare connection', async () => {
  const on = await start()
  inMutation = async () => {
    const request = get(`http://${host}/http`) // of get
    await new Promise((resolve) => request.on('response', (response) => response.resume().on('end', resolve)))
    const socket = connect(Number(host.split(':')[1]), '127.0.0.1') // of connect
    await new Promise((resolve) => socket.on('connect', resolve))
    socket.destroy()
  }
  await on.call.write({})
  expect(reports()).toEqual([
    expect.objectContaining({ host, calledAt: callerLineOf('of get') }),
    expect.objectContaining({ host, calledAt: callerLineOf('of connect') }),
  ])
})

test('a redirect is not reported as another call', async () => {
  const on = await start()
  inMutation = () => call('/redirect')
  await on.call.write({})
  expect(asked).toEqual(['/redirect', '/redirected'])
  expect(reports()).toEqual([expect.objectContaining({ calledAt: callerLineOf('of call') })])
})

test('a call is reported with its host name rather than its address', async () => {
  const on = await start()
  const port = host.split(':')[1]
  inMutation = async () => {
    const socket = connect(Number(port), 'localhost')
    await new Promise((resolve) => socket.on('connect', resolve).on('error', resolve))
    socket.destroy()
  }
  await on.call.write({})
  expect(reports()).toMatchObject([{ host: `localhost:${port}` }])
})

/**
 * A library that fetches a URL or connects to its host. It waits for a promise first, so that no
 * other code is on the stack.
 */
async function install(name: string): Promise<Library> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'node_modules', name, 'index.mjs')
  await mkdir(dirname(path), { recursive: true })
  await writeFile(
    path,
    `import { get } from 'node:http'
    import { connect } from 'node:net'
    export async function getAfter(before, url, headers) {
      await before
      await new Promise((resolve) => get(url, { headers, agent: false }, (answer) => answer.resume().on('end', resolve)))
    }
    export async function connectAfter(before, url) {
      await before
      const { hostname, port } = new URL(url)
      await new Promise((resolve) => connect(port, hostname, resolve).unref())
    }`,
  )
  return (await import(path)) as Library
}

interface Library {
  readonly getAfter: (before: Promise<unknown>, url: string, headers: object) => Promise<void>
  readonly connectAfter: (before: Promise<unknown>, url: string) => Promise<void>
}

test('a call of a library without other frames on the stack is reported without a line', async () => {
  const on = await start()
  const { getAfter } = await install('library')
  inJob = ({ db }) => getAfter(note(db), `http://${host}/library`, { host: 'api.example.com' })
  expect(await runJob(on)).toBe('succeeded')
  expect(reports()).toEqual([
    expect.objectContaining({ operation: 'work', host: 'api.example.com', calledAt: 'unknown location' }),
  ])
})

test('a connection that the driver opens for a waiting call is not an external call', async () => {
  const on = await start()
  const { connectAfter } = await install('pg-pool')
  inJob = ({ db }) => connectAfter(note(db), `http://${host}`)
  expect(await runJob(on)).toBe('succeeded')
  expect(reports()).toEqual([])
})

test('a query may make calls, and so may code after the end of its transaction', async () => {
  const on = await start()
  let commit: (value: unknown) => void = () => {}
  const committed = new Promise((resolve) => (commit = resolve))
  let later: Promise<string> | undefined
  inQuery = () => call('/query')
  await on.call.read({})
  inMutation = () => {
    later = committed.then(() => call('/later'))
  }
  await on.call.write({})
  inMutation = async () => {
    // While this handler runs, the watch listens.
    commit(undefined)
    await later
  }
  await on.call.write({})
  expect(asked).toEqual(['/query', '/later'])
  expect(reports()).toEqual([])
})

test('a job may make calls before its transaction and in a step, but not after its transaction began', async () => {
  const on = await start()
  inJob = async ({ db, step }) => {
    await call('/before')
    await step('call', () => call('/step'))
    await note(db)
    await fetch(`http://${host}/after`) // of job
  }
  expect(await runJob(on)).toBe('succeeded')
  expect(asked).toEqual(['/before', '/step', '/after'])
  expect(reports()).toEqual([
    expect.objectContaining({ operation: 'work', host, calledAt: callerLineOf('of job') }),
  ])
})

test('a step that has used its db is in a transaction', async () => {
  const on = await start()
  inJob = async ({ step }) => {
    await step('write and call', async ({ db }) => {
      await note(db)
      await fetch(`http://${host}/step`) // of step
    })
  }
  expect(await runJob(on)).toBe('succeeded')
  expect(reports()).toEqual([
    expect.objectContaining({ operation: 'work', calledAt: callerLineOf('of step') }),
  ])
})

test('if calls are refused, nothing is sent, and the mutation fails even if it catches the error', async () => {
  const on = await start('refuse')
  await fetch(`http://${host}/warm`)
  const failures: unknown[] = []
  const ways = [
    () => call('/charge'),
    () => new Promise((resolve, reject) => get(`http://${host}/http`, resolve).on('error', reject)),
    () => {
      const socket = connect(Number(host.split(':')[1]), '127.0.0.1')
      return new Promise((resolve, reject) => socket.on('data', resolve).on('error', reject))
    },
  ]
  inMutation = async ({ db }) => {
    await note(db)
    for (const way of ways) {
      failures.push(
        await way().catch((error: Error) => (error.message === 'fetch failed' ? error.cause : error)),
      )
    }
  }
  await expect(on.call.write({})).rejects.toMatchObject({ status: 500 })
  expect(failures).toHaveLength(3)
  for (const failure of failures) expect(failure).toMatchObject({ code: 'external-call-refused' })
  expect(asked).toEqual(['/warm'])
  const [line] = lines.filter(({ level }) => level === 'error')
  expect(line).toMatchObject({ error: { code: 'external-call-refused' } })
  expect(JSON.stringify(line)).toContain(callerLineOf('of call'))
  expect(JSON.stringify(line)).toContain(host)
})

test('the job that made a refused call fails', async () => {
  const on = await start('refuse')
  inJob = async ({ db }) => {
    await note(db)
    await call('/charge')
  }
  expect(await runJob(on)).toBe('dead')
  expect(asked).toEqual([])
})

test('connections to the database of the service, including cancel requests, are not external calls', async () => {
  const on = await start('refuse')
  inQuery = ({ db }) => db.query(sql`select pg_sleep(10)`)
  let status: number | undefined
  inMutation = async () => {
    status = (await on.send('read', {})).status
  }
  await on.call.write({})
  expect(status).toBe(504)
})

test('if calls are allowed, nothing is observed', async () => {
  const on = await start('allow')
  inMutation = () => {
    expect(channel('net.client.socket').hasSubscribers).toBe(false)
    return call('/charge')
  }
  await on.call.write({})
  expect(asked).toEqual(['/charge'])
  expect(reports()).toEqual([])
})

test.each([
  { mode: 'development', isWatched: true },
  { mode: 'production', isWatched: false },
])('in $mode, calls are watched: $isWatched', async ({ mode, isWatched }) => {
  const database = await createMigratedDatabase()
  const server = await serve(tested, {
    port: 0,
    host: '127.0.0.1',
    signals: false,
    drainDelay: '0s',
    env: { NODE_ENV: mode, DATABASE_URL: database.url },
    log: createLogger({ write: onLog }),
    notify: () => {},
  })
  try {
    let isListening: boolean | undefined
    inMutation = () => {
      isListening = channel('net.client.socket').hasSubscribers
      return call('/charge')
    }
    const answer = await fetch(`${server.url}/write`, {
      method: 'POST',
      headers: { 'idempotency-key': 'one' },
    })
    expect(answer.status).toBe(204)
    expect(isListening).toBe(isWatched)
    expect(reports()).toMatchObject(
      isWatched ? [{ operation: 'write', calledAt: callerLineOf('of call') }] : [],
    )
    expect(channel('net.client.socket').hasSubscribers).toBe(false)
  } finally {
    await server.stop()
    await database.drop()
  }
})

import { randomUUIDv7 } from 'node:crypto'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { notify } from '../src/effects/wakes/notify.ts'
import { natsTool, startNats } from '../test/nats-server.ts'
import type { CheckpointProcess, LoadedProcess } from './checkpoints/checkpoint-process.ts'
import { exhaust, type Exhausted, type ExhaustReport } from './checkpoints/exhaust.ts'
import { type FinalAnswer, type Lane, openLane, type Recording, send } from './checkpoints/lane.ts'

/*
 * Goal: a process may die at any point. The effects of a mutation, its key, jobs and messages are
 * stored together or not at all, and their consequences happen once and in order.
 *
 * Method: a process has a checkpoint before and after it sends something to a server, and before it
 * processes the response. To a server, a death at any other point looks like a death at one of
 * these points. A run lists the checkpoints; then the process kills itself (SIGKILL) at each of
 * them in turn. A request is sent again to another process until its response is final, and a new
 * worker finishes the jobs. Then everything is counted. A mutation is killed at all of its
 * checkpoints. A worker has many more: each run kills it at the checkpoints that every run passes,
 * and at a random sample of the others.
 *
 * Controls: the test must detect retries with new keys, and a job whose effect is not in its
 * transaction.
 */

const { missing } = await natsTool()
const timeoutMs = 600_000

/**
 * The beginnings of the statements that a worker always sends for a request. Each has a list of the
 * moments at which the worker has to be killed. Other statements depend on timers, so some runs do
 * not send them.
 */
const certain: Readonly<Record<string, readonly string[]>> = {
  'claim of jobs': ['before', 'after'].map((moment) => `${moment} with candidates as materialized (`),
  'commit of a job': ['before', 'after', 'answer to'].map(
    (moment) => `${moment} with gone as ( delete from holdfast.jobs where id = $# and claim = $#`,
  ),
  'commit of a step': ['before', 'after', 'answer to'].map(
    (moment) => `${moment} insert into holdfast.jobs (`,
  ),
  'wait for a message': ['after with found as materialized ( select json_build_object('],
  'positions of messages': ['before', 'after', 'answer to'].map(
    (moment) => `${moment} with numbered as materialized (`,
  ),
  relay: ['before', 'after'].map((moment) => `${moment} command HPUB`),
}
// The max time until all jobs have ended. Longer than it takes, on any machine, to rescue the jobs
// of a dead worker.
const settledWithin = '4m'

/** Summarizes the deaths, and the checkpoints that were not reached again. */
function describeReport(what: string, { sample, deaths, unreached, names }: ExhaustReport): string {
  const lines = [
    `CHECKPOINTS=${sample}, ${what}: killed at ${deaths.length} checkpoints, ${unreached.length} not reached again, ${names.length} runs`,
  ]
  return [
    ...lines,
    ...unreached.map(({ label, occurrence }) => `  not reached: ${label} (${occurrence})`),
  ].join('\n')
}

/** A request, and the process that is killed during it. */
interface MutationRun extends Omit<Recording, 'name'> {
  readonly keyFor: (name: string) => string
  readonly where?: RegExp
}

/**
 * Kills a process at each checkpoint of a mutation, and sends the request again to a different
 * process until its response is final.
 */
function exhaustMutation(
  lane: Lane,
  prefix: string,
  { keyFor, where, ...recording }: MutationRun,
): Promise<ExhaustReport & { readonly answers: ReadonlyMap<string, FinalAnswer> }> {
  const answers = new Map<string, FinalAnswer>()

  async function sendOnce(name: string, process: CheckpointProcess): Promise<void> {
    const answer = await send(process, { name, ...recording }, keyFor(name)).catch(async () => process.died)
    if (answer) answers.set(name, answer)
  }

  async function sendUntilFinal(name: string, process: CheckpointProcess): Promise<void> {
    await until(
      async () => {
        const answer = await send(process, { name, ...recording }, keyFor(name))
        answers.set(name, answer)
        return !answer.body.includes('idempotency-key-in-flight')
      },
      { what: `a final answer for ${name}` },
    )
  }

  const load = (): Promise<LoadedProcess> => lane.load('api')
  return exhaust(prefix, { load, run: sendOnce, goOn: sendUntilFinal, ...(where ? { where } : {}) }).then(
    (report) => ({ ...report, answers }),
  )
}

interface Counts {
  readonly name: string
  readonly effects: Readonly<Record<string, number>> | null
  readonly jobs: number
  readonly messages: number
}

async function countsOf(lane: Lane, names: readonly string[]): Promise<readonly Counts[]> {
  const { rows } = await lane.looking.query<Counts>(
    `select name,
       (select json_object_agg(kind, count) from (
          select kind, count(*)::int from effects where effects.name = names.name group by kind) as counted) as effects,
       (select count(*)::int from holdfast.all_jobs where input->>'name' = names.name) as jobs,
       (select count(*)::int from holdfast.messages where key = names.name) as messages
     from unnest($1::text[]) as names (name)`,
    [names],
  )
  return rows
}

/**
 * Finishes the remaining work of all names. This includes jobs during which many workers were
 * killed.
 */
async function settle(lane: Lane): Promise<void> {
  const worker = await lane.start('worker')
  await until(
    async () => {
      const { rows } = await lane.looking.query<{ left: number }>(
        `select (select count(*) from holdfast.all_jobs where state not in ('succeeded', 'dead', 'cancelled'))::int
           + (select count(*) from holdfast.messages where position is null)::int as left`,
      )
      return rows[0]!.left === 0
    },
    { timeout: settledWithin, what: 'the end of all jobs' },
  )
  await worker.kill()
}

const everythingOnce = {
  mutation: 1,
  plain: 1,
  'first step': 1,
  'last step paid answered': 1,
  'consumed 1': 1,
  'consumed 2': 1,
}

/** Returns the effects that did not happen exactly once. */
async function findViolations(lane: Lane, names: readonly string[]): Promise<readonly string[]> {
  const violations: string[] = []
  for (const { name, effects, messages } of await countsOf(lane, names)) {
    const wrong = Object.keys({ ...everythingOnce, ...effects }).filter(
      (kind) => effects?.[kind] !== everythingOnce[kind as keyof typeof everythingOnce],
    )
    violations.push(...wrong.map((kind) => `${name}: ${kind} happened ${effects?.[kind] ?? 0} times`))
    if (messages !== 3) violations.push(`${name}: ${messages} messages`)
    const keys = lane.bankKeys.get(name)?.size ?? 0
    if (keys !== 1) violations.push(`${name}: the bank was called under ${keys} keys`)
  }
  const { rows } = await lane.looking.query<{ what: string }>(
    `select name || ': consumed out of order' as what from effects where kind like 'consumed %'
       group by name having array_agg(kind order by n) <> array_agg(kind order by kind)
     union all
     select name || ' is ' || state from holdfast.all_jobs where state <> 'succeeded'
     union all
     select 'a lock is left: ' || query from pg_stat_activity
       where datname = current_database() and state like 'idle in transaction%'`,
  )
  return [...violations, ...rows.map(({ what }) => what)]
}

test(
  'kill -9 at every checkpoint of a mutation: effects, key, jobs and messages are stored atomically',
  async () => {
    await using lane = await openLane()
    const keys = new Map<string, string>()
    const keyFor = (name: string): string => {
      const key = keys.get(name) ?? randomUUIDv7()
      keys.set(name, key)
      return key
    }
    const accepted = await exhaustMutation(lane, 'accepted', { keyFor })
    const refused = await exhaustMutation(lane, 'refused', { keyFor, isRefused: true })
    console.info(describeReport('a mutation', accepted))
    console.info(describeReport('a mutation that is refused', refused))
    expect([...accepted.answers.values()].filter(({ status }) => status !== 201)).toEqual([])
    expect([...refused.answers.values()].filter(({ status }) => status !== 409)).toEqual([])
    // A retry gets the same bytes.
    const api = await lane.start('api')
    for (const [name, answer] of [...accepted.answers, ...refused.answers]) {
      const again = await send(api, { name, isRefused: name.startsWith('refused') }, keyFor(name))
      expect(again, name).toEqual(answer)
    }
    const { rows } = await lane.looking.query<{ count: number }>(
      'select count(*)::int from holdfast.idempotency_keys',
    )
    expect(rows[0]!.count).toBe(keys.size)
    expect(await countsOf(lane, refused.names)).toEqual(
      refused.names.map((name) => ({ name, effects: null, jobs: 0, messages: 0 })),
    )
    await settle(lane)
    expect(await findViolations(lane, accepted.names)).toEqual([])
    for (const report of [accepted, refused]) {
      const labels = report.deaths.map(({ label }) => label)
      for (const moment of ['before', 'after', 'answer to'])
        expect(labels.filter((label) => label.startsWith(moment) && /begin/i.test(label))).not.toEqual([])
    }
    const labels = accepted.deaths.map(({ label }) => label)
    for (const moment of ['before', 'after', 'answer to'])
      expect(labels.filter((label) => label.startsWith(moment) && /commit/i.test(label))).not.toEqual([])
  },
  timeoutMs,
)

test(
  'the test detects retries that are new requests',
  async () => {
    await using lane = await openLane()
    const { names } = await exhaustMutation(lane, 'doubled', {
      keyFor: () => randomUUIDv7(),
      where: /^(?:after|answer to) .*commit/i,
    })
    await settle(lane)
    expect(await findViolations(lane, names)).toContainEqual(
      expect.stringMatching(/mutation happened 2 times/),
    )
  },
  timeoutMs,
)

const notifyLeaderless = notify([{ kind: 'leaderless', service: 'recorded', names: undefined }])

/** Kills a worker at each checkpoint of a request's background work. */
async function exhaustWorker(
  lane: Lane,
  {
    where,
    isEnough,
    isInEachSample,
    ...recording
  }: Omit<Recording, 'name'> & Pick<Exhausted, 'where' | 'isEnough' | 'isInEachSample'>,
): Promise<ExhaustReport> {
  const api = await lane.start('api')
  const isDone = async (name: string): Promise<boolean> => {
    const { rows } = await lane.looking.query<{ left: number }>(
      `select (select count(*) from holdfast.all_jobs where (input->>'name' = $1 or limit_key = $1)
             and state not in ('succeeded', 'dead', 'cancelled'))::int
         + (select count(*) from holdfast.messages where key = $1 and position is null)::int
         + (select count(*) from holdfast.subscriptions where position < (select max(position) from holdfast.messages))::int
         as left`,
      [name],
    )
    return rows[0]!.left === 0
  }
  // Makes another worker the leader immediately. A killed worker does not resign as leader, so each
  // death would otherwise cost the six seconds of the lease. The change of leaders is tested
  // elsewhere.
  const haveOthersCampaign = (): Promise<unknown> =>
    lane.looking.query(notifyLeaderless.text, [...(notifyLeaderless.values ?? [])])
  return exhaust('worked', {
    ...(where ? { where } : {}),
    ...(isEnough ? { isEnough } : {}),
    ...(isInEachSample ? { isInEachSample } : {}),
    load: () => lane.load('worker'),
    async run(name, process) {
      await send(api, { name, ...recording })
      const isOver = async (): Promise<boolean> => {
        if (process.hasDied) return true
        await haveOthersCampaign()
        return isDone(name)
      }
      await until(isOver, { timeout: settledWithin, every: '50ms', what: `the end of ${name}` })
    },
  })
}

test.skipIf(missing)(
  'kill -9 at every checkpoint of a worker: jobs, steps, messages, consumers and a relay run once and in order',
  async () => {
    const nats = await startNats()
    {
      await using lane = await openLane(nats)
      const beginnings = Object.values(certain).flat()
      const isInEachSample = (label: string): boolean =>
        beginnings.some((beginning) => label.startsWith(beginning))
      const report = await exhaustWorker(lane, { isInEachSample })
      await settle(lane)
      console.info(describeReport('a worker', report))
      expect(await findViolations(lane, report.names)).toEqual([])
      const expected = report.names.flatMap((name) => [`${name} 1`, `${name} 2`])
      const found = await until(async () => {
        const messages = await relayed(nats.port)
        return messages.length >= expected.length && messages
      })
      expect(found.toSorted()).toEqual(expected.toSorted())
      const labels = report.deaths.map(({ label }) => label)
      const isMissing = (beginning: string): boolean => !labels.some((label) => label.startsWith(beginning))
      expect(beginnings.filter(isMissing)).toEqual([])
    }
    await nats.stop()
  },
  timeoutMs,
)

/** Returns all messages in the stream, in order. */
async function relayed(port: number): Promise<readonly string[]> {
  const client = await connect({ port })
  try {
    const manager = await jetstreamManager(client)
    const { state } = await manager.streams.info('recorded')
    const consumer = await jetstream(client).consumers.get('recorded')
    const found: string[] = []
    // The loop ends after this number of messages. A time limit would miss messages on a busy
    // machine.
    while (found.length < state.messages) {
      const message = await consumer.next()
      if (!message) continue
      const { payload } = message.json<{
        readonly payload: { readonly name: string; readonly part: number }
      }>()
      found.push(`${payload.name} ${payload.part}`)
    }
    return found
  } finally {
    await client.close()
  }
}

test(
  'the test detects a job whose effect is not in its transaction',
  async () => {
    await using lane = await openLane()
    const countDoubled = async (): Promise<number> => {
      const { rows } = await lane.looking.query(
        `select from effects where kind = 'unsafe' group by name having count(*) > 1`,
      )
      return rows.length
    }
    await exhaustWorker(lane, {
      isUnsafe: true,
      where: /before .*commit/i,
      isEnough: async () => (await countDoubled()) > 0,
    })
    await settle(lane)
    expect(await countDoubled()).toBeGreaterThan(0)
  },
  timeoutMs,
)

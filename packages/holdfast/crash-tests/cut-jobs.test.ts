import { randomUUIDv7 } from 'node:crypto'
import { until, type UntilOptions } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { record } from './cut-calls.ts'
import { findLeaks, findWorkViolations, isAllDone } from './cut-invariants.ts'
import { withLanes } from './cut-lane.ts'
import { createCutService } from './cut-service.ts'
import { type Attempt, describeCut, endsStatement, sweep, type Sweep } from './cut-sweep.ts'

/*
 * Goal: if any single protocol message between a worker and Postgres is lost, the effects of a job,
 * its step, its messages and their consumers still happen once.
 *
 * Method: several lanes run at the same time. Each lane has a worker on a separate database, behind
 * a proxy that counts the messages of the protocol. A sweep cuts either the connections of the
 * jobs' transactions, or the connections of the framework's own statements: at the first message,
 * then at the second, and so on, until a run ends without a cut. After each cut, the sweep waits
 * until all work is done. Connections are destroyed, or fall silent. Then the database is searched
 * for missing and repeated effects and for open transactions.
 */

/** `CUTS=all npm test cut-jobs` cuts at every message, which takes minutes. */
const isShort = process.env['CUTS'] !== 'all'
const senders = ['frontend', 'backend'] as const
const places = isShort ? (['before'] as const) : (['before', 'middle', 'after'] as const)
const maxMs = 3_600_000

// The connections of the jobs' transactions, and those of the framework's statements: claims,
// reports, the leader's tasks, dispatching messages.
const ofJobs = /^holdfast job /
const ofOwn = /^holdfast \(own\)$/

const service = createCutService()

/** Runs a mutation, and waits until its job, its messages and their consumers are done. */
const recordUntilDone: Attempt<void> = async (lane, _armed, cut) => {
  const key = randomUUIDv7()
  lane.cuts.set(key, describeCut(cut))
  const wait: UntilOptions = {
    every: '20ms',
    what: `the end of all interrupted work: ${describeCut(cut)}`,
  }
  await until(async () => (await record(lane, key)).status === 201, wait)
  await until(() => isAllDone(lane.looking), wait)
}

/**
 * Runs sweeps, and asserts that each effect happened once, and that no transaction or lock is left
 * open.
 */
function expectDoneOnce(
  { count, of = service }: { readonly count: number; readonly of?: typeof service },
  sweeps: readonly Sweep[],
): Promise<void> {
  return withLanes({ service: of, count, haveWorkers: true }, async (lanes) => {
    const { cuts } = await sweep(lanes, sweeps, recordUntilDone)
    console.info(`${cuts.join(' + ')} cuts`)
    for (const { looking, cuts } of lanes) {
      expect(await findWorkViolations(looking, cuts)).toEqual([])
      expect(await findLeaks(looking)).toEqual([])
    }
    expect(Math.min(...cuts)).toBeGreaterThan(0)
  })
}

function destroying(application: RegExp, every = 1): readonly Sweep[] {
  return senders.flatMap((sender) =>
    places.map((place): Sweep => ({ application, sender, place, mode: 'destroyed', every })),
  )
}

test.concurrent(
  'a job, its step and its consumers take effect once if their transactions are cut at any message',
  () => expectDoneOnce({ count: 4 }, destroying(ofJobs)),
  maxMs,
)

test.concurrent(
  'jobs and messages take effect once if claims, reports or message dispatch are cut at any message',
  () => expectDoneOnce({ count: 4 }, destroying(ofOwn, isShort ? 2 : 1)),
  maxMs,
)

/**
 * Returns sweeps that silence a connection after a statement was sent, and before any part of its
 * response arrives. (A cut within a statement is not possible: a worker sends each statement in one
 * packet.) The worker notices each of these cuts only after a timeout.
 */
function silencing(application: RegExp): readonly Sweep[] {
  const silence = { application, mode: 'silent' } as const
  return [
    { ...silence, sender: 'frontend', where: endsStatement, place: 'after', every: isShort ? 4 : 1 },
    { ...silence, sender: 'backend', place: 'before', every: isShort ? 9 : 1 },
  ]
}

test.concurrent(
  'jobs and messages take effect once if the connections of a worker fall silent',
  () =>
    expectDoneOnce(
      { count: 14, of: createCutService({ jobDeadline: '1s' }) },
      [ofOwn, ofJobs].flatMap(silencing),
    ),
  maxMs,
)

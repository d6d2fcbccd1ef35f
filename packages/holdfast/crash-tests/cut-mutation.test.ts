import { expect, test } from 'vitest'
import { type CallReport, callUntilFinal, record } from './cut-calls.ts'
import { findCallViolations, findLeaks } from './cut-invariants.ts'
import { type Lane, type LaneOptions, withLanes } from './cut-lane.ts'
import { createCutService } from './cut-service.ts'
import { sweep, type Sweep } from './cut-sweep.ts'
import { storesRecord, withSeparateStore } from './separate-store.ts'

/*
 * Goal: if any single protocol message between the service and Postgres is lost, a mutation that is
 * retried until its response is final still has one effect and one answer.
 *
 * Method: calls go through a proxy that counts the messages of the protocol. A sweep cuts a
 * connection at the first message of a call, then at the second, and so on: before, within and
 * after the message, in either direction. The connection is destroyed, falls silent, or is delayed
 * for longer than the caller waits. Each cut call is sent again with its key until its response is
 * final.
 *
 * Control: in a service that keeps its keys in a separate store, the same cuts must duplicate
 * effects.
 */

const service = createCutService()
const application = /^holdfast$/
const senders = ['frontend', 'backend'] as const
const maxMs = 300_000
// The min number of messages that a mutation exchanges. A sweep with fewer cuts did not cover the
// whole mutation.
const fewestCuts = 18

/**
 * Runs sweeps, and asserts that every key has exactly one outcome, and that no transaction or lock
 * is left open.
 */
function expectSafe(options: LaneOptions, sweeps: readonly Sweep[]): Promise<void> {
  return withLanes(options, async (lanes) => {
    await warmUp(lanes)
    const { reports, cuts } = await sweep(lanes, sweeps, callUntilFinal)
    console.info(`${cuts.join(' + ')} cuts, ${countAnswers(reports)} answers`)
    const { looking } = lanes[0]!
    expect(await findCallViolations(looking, reports)).toEqual([])
    expect(await findLeaks(looking)).toEqual([])
    expect(Math.min(...cuts)).toBeGreaterThan(fewestCuts)
  })
}

/**
 * Runs a mutation three times on each lane. From then on, a mutation always has the same messages.
 */
async function warmUp(lanes: readonly Lane[]): Promise<void> {
  for (const turn of [1, 2, 3]) {
    await Promise.all(lanes.map((lane, index) => record(lane, `warm up ${index} ${turn}`)))
  }
}

function countAnswers(reports: readonly CallReport[]): number {
  return reports.reduce((sum, { answers }) => sum + answers.length, 0)
}

test.concurrent(
  'a mutation takes effect once if a connection is cut before, within or after any message, in either direction',
  () =>
    expectSafe(
      { service, count: 4 },
      [false, true].flatMap((isCold) =>
        senders.flatMap((sender) =>
          (['before', 'middle', 'after'] as const).map((place): Sweep => ({
            application,
            sender,
            place,
            mode: 'destroyed',
            isCold,
          })),
        ),
      ),
    ),
  maxMs,
)

// On a silent connection, a cut after one message is the same as a cut before the next.
const quietPlaces = ['before', 'middle'] as const

test.concurrent(
  'a mutation takes effect once if a connection falls silent at any message, in either direction',
  () =>
    expectSafe(
      { service, count: 32 },
      senders.flatMap((sender) =>
        quietPlaces.map((place): Sweep => ({ application, sender, place, mode: 'silent', isCold: true })),
      ),
    ),
  maxMs,
)

test.concurrent(
  'a mutation takes effect once if messages arrive after their recipient has ended',
  () =>
    expectSafe(
      { service, count: 12 },
      senders.flatMap((sender) =>
        quietPlaces.map((place): Sweep => ({ application, sender, place, mode: 400 })),
      ),
    ),
  maxMs,
)

test.concurrent(
  'the same cuts duplicate effects if keys are kept in a separate store',
  () =>
    withLanes({ service: createCutService({ around: withSeparateStore }), count: 2 }, async (lanes) => {
      await warmUp(lanes)
      const { reports } = await sweep(
        lanes,
        [
          { sender: 'frontend', place: 'before', mode: 'destroyed' },
          // This sweep cuts only at the statement that stores the record. A cut at other statements
          // would depend on the progress of a call before its timeout.
          { sender: 'frontend', place: 'before', mode: 'destroyed', where: storesRecord },
        ],
        callUntilFinal,
      )
      const violations = await findCallViolations(lanes[0]!.looking, reports)
      // A key has several debits if a call committed although its client saw a failure.
      expect(violations).toContainEqual(expect.stringMatching(/^([2-9]|\d\d+) debits/))
    }),
  maxMs,
)

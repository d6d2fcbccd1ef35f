import type { ArmedCut, Cut, WireMessage } from '../test/cutting-proxy.ts'
import type { Lane } from './cut-lane.ts'

/** Cuts at the first message, at the second, and so on, until no message is left to cut at. */
export interface Sweep extends Omit<Cut, 'message'> {
  /**
   * True if each attempt begins with a new connection. Default false: attempts reuse a connection.
   */
  readonly isCold?: boolean
  /** Cuts only at every nth message. Default 1: at every message. */
  readonly every?: number
}

/**
 * The action to repeat, cut at a different message each time. Returns a report to check afterwards.
 */
export type Attempt<Report> = (lane: Lane, armed: ArmedCut, cut: Cut) => Promise<Report>

/** The result of sweeps. */
export interface SweepReport<Report> {
  readonly reports: readonly Report[]
  /** The number of cuts of each sweep. */
  readonly cuts: readonly number[]
}

/** Runs sweeps one after the other. Each sweep uses several lanes in parallel. */
export async function sweep<Report>(
  lanes: readonly Lane[],
  sweeps: readonly Sweep[],
  attempt: Attempt<Report>,
): Promise<SweepReport<Report>> {
  const reports: Report[] = []
  const begun = sweeps.map((of) => ({ of, message: 1 - (of.every ?? 1), cuts: 0, isOver: false }))

  async function work(lane: Lane): Promise<void> {
    for (const each of begun) {
      const { isCold = false, every = 1, ...rest } = each.of
      while (!each.isOver) {
        each.message += every
        const cut: Cut = { ...rest, message: each.message }
        if (isCold) await lane.proxy.drop(cut.application ?? /./)
        const armed = lane.proxy.cut(cut)
        reports.push(await attempt(lane, armed, cut))
        armed.disarm()
        if (armed.hasHappened) each.cuts += 1
        else each.isOver = true
      }
    }
  }

  await Promise.all(lanes.map(work))
  return { reports, cuts: begun.map(({ cuts }) => cuts) }
}

/**
 * Returns true if a message ends a statement or a group of statements. An Execute does not count,
 * because the Sync of its group is in the same packet. If a connection fell silent between Execute
 * and Sync, the server would keep the transaction open: no timeout applies outside of a transaction
 * block.
 */
export function endsStatement({ type }: WireMessage): boolean {
  return type === 'Q' || type === 'S'
}

/** Returns a description of a cut. */
export function describeCut({ application, sender, place, message, mode }: Cut): string {
  const how = typeof mode === 'number' ? `${mode} ms late` : mode
  return `${how} ${place} message ${message} of the ${sender}${application ? ` on ${application}` : ''}`
}

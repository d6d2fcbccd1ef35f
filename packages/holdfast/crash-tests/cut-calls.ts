import { randomUUIDv7 } from 'node:crypto'
import type { Answer, Duration, RunningService } from 'holdfast'
import { until } from 'holdfast/testing'
import type { Lane } from './cut-lane.ts'
import { type Attempt, describeCut } from './cut-sweep.ts'

/** A client's observations of a key. */
export interface CallReport {
  readonly key: string
  /** A description of the cut. */
  readonly cut: string
  /** All responses. */
  readonly answers: readonly Answer[]
  /** The first final response. */
  readonly final: Answer
  /** The response to one more retry. */
  readonly replay: Answer
}

// The timeout of the first attempt. Later attempts have the default timeout.
const firstTimeout = '300ms'
const finalTimeout: Duration = '2m'
// The interval between attempts. Without it, the many clients waiting for keys on silent
// connections would overload the machine.
const every: Duration = '100ms'

/**
 * Sends a mutation with its key until a response is final, and then again until the next final
 * response.
 */
export const callUntilFinal: Attempt<CallReport> = async (lane, armed, cut) => {
  const key = randomUUIDv7()
  const answers: Answer[] = []
  const call = (timeout?: string): Promise<Answer> =>
    until(
      async () => {
        const answer = await record(lane, key, answers.length === 0 ? timeout : undefined)
        answers.push(answer)
        return answer.status === 201 && answer
      },
      { timeout: finalTimeout, every, what: `a final answer of a call that was ${describeCut(cut)}` },
    ).catch((error: unknown) => {
      console.info(`no final answer among ${answers.length}, the last of them:`, answers.at(-1))
      throw error
    })
  const final = await call(firstTimeout)
  armed.disarm()
  // This call may fail too, because the connection may have been cut after its last use.
  const replay = await call()
  return { key, cut: describeCut(cut), answers, final, replay }
}

/** Calls the mutation that records effects. The key is also the name of the effects. */
export function record({ running }: Lane, key: string, timeout?: string): Promise<Answer> {
  return send(running, { name: key }, { 'idempotency-key': key, 'request-timeout': timeout })
}

async function send(
  running: RunningService,
  body: object,
  headers: Readonly<Record<string, string | undefined>>,
): Promise<Answer> {
  return running.call({
    operation: 'record',
    input: { path: {}, query: {}, body },
    header: (name) => headers[name],
  })
}

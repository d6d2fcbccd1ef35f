import type { ServerResponse } from 'node:http'
import type { Clock, Timer } from '../../../kernel/base/clock.ts'
import type { Logger } from '../../../kernel/base/log.ts'

/**
 * The responses that clients have not read yet.
 *
 * The kernel accepts most responses completely; such responses are not recorded. All other
 * responses use memory until their clients read them, and some clients never do. Therefore:
 * - A response that makes no progress for `sendTimeout` is ended by a reset of its connection.
 * - All unread responses together use at most `maxUnsentBytes`. To make room for a new response,
 *   responses that have stalled for a second are ended, the longest stalled first. If that does not
 *   free enough memory, the new response is not sent.
 *
 * Time is measured in completed sweeps, so that neither a blocked event loop nor a clock change
 * ends a response.
 */
export interface UnsentAnswers {
  readonly size: number
  /** Frees memory for `bytes` more bytes if needed. Returns true if they fit. */
  makesRoomFor(bytes: number): boolean
  add(answer: UnsentAnswer): void
  /** Removes a response that has been sent, or whose connection has ended. */
  remove(response: ServerResponse): void
  /** Returns the responses, in the order in which they began to wait. */
  list(): readonly UnsentAnswer[]
}

/** A response that is being sent. */
export interface UnsentAnswer {
  readonly response: ServerResponse
  readonly requestId: string | undefined
  readonly totalBytes: number
  /** The bytes that only this response keeps in memory until it has been sent. */
  readonly heldBytes: number
  /** The bytes that the kernel has accepted. */
  sentBytes: number
  /** The time without progress, in milliseconds. */
  stalledMs: number
}

/** Options of {@link createUnsentAnswers}. */
export interface UnsentAnswersOptions {
  readonly sendTimeoutMs: number
  readonly maxUnsentBytes: number
  readonly clock: Clock
  readonly log: Logger
}

const maxSweepMs = 1_000

// After this time without progress, a response may be ended to make room. A reading client makes
// progress in this time, unless it is far away or has a bad connection.
const evictableMs = 1_000

/** Creates the record of a server's unsent responses. */
export function createUnsentAnswers(options: UnsentAnswersOptions): UnsentAnswers {
  const { sendTimeoutMs, maxUnsentBytes, clock, log } = options
  const sweepMs = Math.min(maxSweepMs, sendTimeoutMs)
  const answers = new Map<ServerResponse, UnsentAnswer>()
  let heldBytes = 0
  let timer: Timer | undefined

  function end(answer: UnsentAnswer, reason: string): void {
    const { response, requestId, sentBytes, totalBytes, stalledMs } = answer
    log.info({ requestId, sentBytes, totalBytes, stalledMs }, reason)
    remove(response)
    // The reset also discards the bytes in the kernel's buffer, so the client cannot mistake a part
    // for the whole response.
    response.socket?.resetAndDestroy()
  }

  function remove(response: ServerResponse): void {
    const answer = answers.get(response)
    if (!answer) return
    answers.delete(response)
    heldBytes -= answer.heldBytes
    if (answers.size > 0) return
    timer?.cancel()
    timer = undefined
  }

  function sweep(): void {
    timer = clock.after(sweepMs, sweep)
    for (const answer of answers.values()) {
      // A response without a socket waits for an earlier response on its connection, not for the
      // client.
      if (answer.response.socket === null) continue
      answer.stalledMs += sweepMs
      if (answer.stalledMs > sendTimeoutMs) end(answer, 'client did not read its response; connection reset')
    }
  }

  return {
    get size() {
      return answers.size
    },
    makesRoomFor(bytes) {
      if (fits(bytes)) return true
      const stalled = [...answers.values()].filter(
        (answer) =>
          answer.heldBytes > 0 && answer.stalledMs >= evictableMs && answer.response.socket !== null,
      )
      for (const answer of stalled.sort((a, b) => b.stalledMs - a.stalledMs)) {
        end(answer, 'too many bytes are waiting for clients; connection reset')
        if (fits(bytes)) return true
      }
      return false
    },
    add(answer) {
      answers.set(answer.response, answer)
      heldBytes += answer.heldBytes
      timer ??= clock.after(sweepMs, sweep)
    },
    remove,
    list: () => [...answers.values()],
  }

  /** A single response always fits; otherwise a large response could never be sent. */
  function fits(bytes: number): boolean {
    return heldBytes === 0 || heldBytes + bytes <= maxUnsentBytes
  }
}

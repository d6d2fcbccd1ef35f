import { AsyncLocalStorage } from 'node:async_hooks'
import type { ExternalCallWatch, HandledTransaction } from '../../kernel/host/external-calls.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { Logger } from '../../kernel/base/log.ts'
import { callerOf } from './caller-of.ts'
import { type OutgoingCall, watchOutgoingCalls } from './outgoing-calls.ts'

/** Options of {@link createExternalCallWatch}. */
export interface ExternalCallWatchOptions {
  /** Receives a warning for each source line that calls third parties. */
  readonly log: Logger
  /**
   * True if calls to third parties fail, with their transactions, instead of being reported.
   * Default false.
   */
  readonly refuses?: boolean
}

/** A transaction whose handler is running or has run. */
interface WatchedTransaction extends HandledTransaction {
  hasEnded: boolean
  /** The error that the commit must fail with. */
  refusal: HoldfastError | undefined
}

/**
 * Reports calls that leave the process while a transaction is open, once per calling line. The
 * watch listens only while handlers run.
 *
 * If calls are refused and the handler makes one, `within` rejects with HoldfastError
 * `external-call-refused`, even if the handler catches the failure of the call.
 */
export function createExternalCallWatch({
  log,
  refuses = false,
}: ExternalCallWatchOptions): ExternalCallWatch {
  const current = new AsyncLocalStorage<WatchedTransaction>()
  const reportedBy = new Set<string>()
  let handlers = 0
  let stopListening: () => void = () => {}

  function notice(call: OutgoingCall): void {
    const transaction = current.getStore()
    if (!transaction || transaction.hasEnded || transaction.isOpen?.() === false) return
    const { isFramework, isHttpClient, calledAt } = callerOf()
    // An HTTP client's connection is not reported, because each request on it is.
    if (isFramework || (call.kind === 'connection' && isHttpClient)) return
    call.toHost((host) => {
      const { operation } = transaction
      if (refuses) {
        transaction.refusal ??= refusalOf(operation, host, calledAt)
        call.refuse(transaction.refusal)
        return
      }
      const whom = `${operation} ${host}`
      if (reportedBy.has(calledAt ?? whom)) return
      // A call without a known location is reported only if the operation has no reported call to
      // the same host. For example, a redirect has no location, but follows a call with one.
      reportedBy.add(calledAt ?? whom).add(whom)
      log.warn(
        { operation, host, calledAt: calledAt ?? unknownCaller },
        'external call inside a transaction: a rollback does not undo it, and a retry repeats it; make the call in a step of a job',
      )
    })
  }

  return {
    async within(transaction, handler) {
      const watched: WatchedTransaction = { ...transaction, hasEnded: false, refusal: undefined }
      handlers += 1
      if (handlers === 1) stopListening = watchOutgoingCalls(notice)
      try {
        const result = await current.run(watched, handler)
        if (watched.refusal) throw watched.refusal
        return result
      } catch (error) {
        throw watched.refusal ?? error
      } finally {
        watched.hasEnded = true
        handlers -= 1
        if (handlers === 0) stopListening()
      }
    },
  }
}

const unknownCaller = 'unknown location'

function refusalOf(operation: string, host: string, calledAt = unknownCaller): HoldfastError {
  return new HoldfastError(
    'external-call-refused',
    `"${operation}" called ${host} inside its transaction (${calledAt}): a rollback does not undo the call, and a retry repeats it. Make the call in a step of a job, or allow it with the option externalCalls of createTestService().`,
  )
}

import { AsyncLocalStorage } from 'node:async_hooks'
import type { ForeignCallWatch, HandledTransaction } from '../../kernel/host/foreign-calls.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { Logger } from '../../kernel/base/log.ts'
import { callerOf } from './caller-of.ts'
import { type OutgoingCall, watchOutgoingCalls } from './outgoing-calls.ts'

/** Options of {@link createForeignCallWatch}. */
export interface ForeignCallWatchOptions {
  /** Receives a warning for each place that makes calls to third parties. */
  readonly log: Logger
  /**
   * Whether calls to third parties fail, with their transactions, instead of being reported.
   * Default false.
   */
  readonly refuses?: boolean
}

/** A transaction whose handler runs or has run. */
interface WatchedTransaction extends HandledTransaction {
  hasEnded: boolean
  /** The reason why it must not be committed. */
  refusal: HoldfastError | undefined
}

/**
 * Reports calls that leave the process while a transaction is open, once per place that makes them.
 * It listens only while handlers run.
 *
 * If calls are refused, `within` rejects with HoldfastError `foreign-call-refused` after one, even
 * if the handler catches the call's failure.
 */
export function createForeignCallWatch({ log, refuses = false }: ForeignCallWatchOptions): ForeignCallWatch {
  const current = new AsyncLocalStorage<WatchedTransaction>()
  const toldOf = new Set<string>()
  let handlers = 0
  let stopListening: () => void = () => {}

  function notice(call: OutgoingCall): void {
    const transaction = current.getStore()
    if (!transaction || transaction.hasEnded || transaction.isOpen?.() === false) return
    const { isFramework, isHttpClient, place } = callerOf()
    // An HTTP client opens a connection for a request, which is reported itself.
    if (isFramework || (call.kind === 'connection' && isHttpClient)) return
    call.toHost((host) => {
      const { operation } = transaction
      if (refuses) {
        transaction.refusal ??= refusalOf(operation, host, place)
        call.refuse(transaction.refusal)
        return
      }
      const whom = `${operation} ${host}`
      if (toldOf.has(place ?? whom)) return
      // A call without a place is reported only if no other call goes to that host: a redirect
      // follows a call that has a place.
      toldOf.add(place ?? whom).add(whom)
      log.warn(
        { operation, host, place: place ?? unknownPlace },
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

const unknownPlace = 'unknown location'

function refusalOf(operation: string, host: string, place = unknownPlace): HoldfastError {
  return new HoldfastError(
    'foreign-call-refused',
    `"${operation}" called ${host} inside its transaction (${place}): a rollback does not undo the call, and a retry repeats it. Make the call in a step of a job, or allow it with the option foreignCalls of createTestService().`,
  )
}

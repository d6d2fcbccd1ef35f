import type { Answer } from 'holdfast'
import { codeOf, retryable } from '../cut-invariants.ts'
import type { operationNames, Payment } from './key-service.ts'

// A client's knowledge about a key, from its responses, as a state machine:
//
//   unused ──lost response, rollback──▶ unclear ──final response──▶ settled
//      └────────────final response───────────────────────────────────▲
//
// unclear: some requests may have been committed; the next final response shows which.
// settled: one request has the key, and each of its responses is the same, byte for byte.

/** A request without its key. */
export interface Request extends Omit<Payment, 'name'> {
  readonly operation: (typeof operationNames)[number]
}

/** A response that a client got, and the conditions under which the client got it. */
export interface Reply {
  readonly request: Request
  readonly answer: Answer
  /** True if a fault was caused, or if other requests ran at the same time. */
  readonly isDisturbed: boolean
}

interface Settled {
  readonly request: string
  /**
   * The stored answer, as far as the client knows it. `undefined` while the client has seen only
   * rejections of other requests with this key.
   */
  answer: Answer | undefined
}

// Problem codes after which the outcome is unknown. They include `internal-error`, the answer if a
// handler throws.
const unsettled: readonly string[] = [...retryable, 'internal-error']

/** A client's knowledge of one key. */
export class KeyModel {
  #settled: Settled | undefined
  readonly #mayBeCommitted = new Set<string>()

  /** Returns true if a response is final for the client. */
  static isFinal({ answer, request }: Reply): boolean {
    return isOutcome(answer, request) || isReused(answer)
  }

  /**
   * Records that a request is sent at the same time as other requests, so the responses may come in
   * any order.
   */
  sending(request: Request): void {
    if (!this.#settled) this.#mayBeCommitted.add(nameOf(request))
  }

  /**
   * Records a response. Returns a description of its fault, or `undefined` if the response is
   * correct.
   */
  take(reply: Reply): string | undefined {
    const { request, answer } = reply
    const code = codeOf(answer)
    if (isOutcome(answer, request)) return this.#takeOutcome(reply)
    if (isReused(answer)) return this.#takeReused(reply)
    if (!unsettled.includes(code)) return `an unexpected answer: ${answer.status} ${code}`
    if (!reply.isDisturbed) return `${answer.status} ${code} without a fault`
    this.#mayBeCommitted.add(nameOf(request))
    return undefined
  }

  /** Records that a request was refused for a temporary reason. */
  takePassing({ answer }: Reply): string | undefined {
    return answer.headers['idempotency-replayed'] === undefined
      ? undefined
      : 'a temporary rejection was stored as the final answer'
  }

  #takeOutcome({ request, answer }: Reply): string | undefined {
    const name = nameOf(request)
    const isReplayed = answer.headers['idempotency-replayed'] === 'true'
    if (!this.#settled) {
      if (isReplayed && !this.#mayBeCommitted.has(name)) return 'a replay of a request that was never sent'
      this.#settled = { request: name, answer }
      return undefined
    }
    if (this.#settled.request !== name) return `executed in addition to ${this.#settled.request}`
    const first = (this.#settled.answer ??= answer)
    if (first.status === answer.status && first.body === answer.body) return undefined
    return `answered ${answer.status} ${answer.body} after ${first.status} ${first.body}`
  }

  #takeReused({ request }: Reply): string | undefined {
    const name = nameOf(request)
    if (this.#settled)
      return this.#settled.request === name ? 'its own request was rejected as a different one' : undefined
    this.#mayBeCommitted.delete(name)
    if (this.#mayBeCommitted.size === 0) return 'rejected for a request that was never sent'
    const [only] = this.#mayBeCommitted
    if (this.#mayBeCommitted.size === 1) this.#settled = { request: only!, answer: undefined }
    return undefined
  }
}

/** Returns true if a response rejects a request because its key belongs to a different request. */
export function isReused(answer: Answer): boolean {
  return codeOf(answer) === 'idempotency-key-reused'
}

/** Returns true if a response is an outcome of the handler. */
function isOutcome(answer: Answer, { isRefused }: Request): boolean {
  return isRefused ? codeOf(answer) === 'payment-refused' : answer.status === 201
}

function nameOf({ operation, amount, isRefused }: Request): string {
  return `${operation} ${amount}${isRefused ? ' (refused)' : ''}`
}

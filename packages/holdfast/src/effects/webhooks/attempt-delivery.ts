import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { type EgressLimits, sendRequest } from '../../platform/egress/send-request.ts'
import type { DeliveryRow } from './queries/find-delivery.ts'
import type { LoggedAttempt } from './queries/log-attempt.ts'
import { readRetryAfterMs } from './retry-after.ts'
import { signWebhook } from './sign-webhook.ts'

/** The result of one attempt of a delivery. */
export interface AttemptedDelivery extends LoggedAttempt {
  /** The delay requested by the receiver's `Retry-After`, in milliseconds. */
  readonly retryAfterMs: number | undefined
}

/**
 * Makes one attempt of a delivery, signed with the current time. Resolves even if the receiver
 * fails; rejects if the attempt is aborted.
 */
export async function attemptDelivery(
  { message_id: id, body, url, secrets }: DeliveryRow,
  limits: EgressLimits,
): Promise<AttemptedDelivery> {
  const attemptedAt = new Date()
  const startedMs = performance.now()
  const durationMs = (): number => Math.round(performance.now() - startedMs)
  try {
    const answer = await sendRequest(
      {
        url: new URL(url),
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Holdfast-Webhooks',
          ...signWebhook({ id, sentAt: attemptedAt, body }, secrets),
        },
        body,
      },
      limits,
    )
    return {
      attemptedAt,
      durationMs: durationMs(),
      status: answer.status,
      answer: answer.text.replaceAll('\0', '\uFFFD'),
      failure: null,
      retryAfterMs: readRetryAfterMs(answer.header('retry-after'), Date.now()),
    }
  } catch (error) {
    if (!isOfReceiver(error)) throw error
    const { code, message } = error
    return {
      attemptedAt,
      durationMs: durationMs(),
      status: null,
      answer: null,
      failure: { code, message },
      retryAfterMs: undefined,
    }
  }
}

/** Returns whether the receiver or the network caused a failure. */
function isOfReceiver(error: unknown): error is HoldfastError {
  return error instanceof HoldfastError && error.code.startsWith('egress-')
}

import { HoldfastError } from '../kernel/holdfast-error.ts'
import { type EgressLimits, sendRequest } from '../egress/send-request.ts'
import type { DeliveryRow } from './queries/find-delivery.ts'
import type { LoggedTry } from './queries/log-try.ts'
import { readRetryAfterMs } from './retry-after.ts'
import { signWebhook } from './sign-webhook.ts'

/** What one try of a delivery came to. */
export interface TriedDelivery extends LoggedTry {
  /** How long the receiver asks to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined
}

/** Sends a delivery once, signed for this moment. Rejects where it was told to end, and not where the receiver does not take it. */
export async function tryDelivery(
  { message_id: id, body, url, secrets }: DeliveryRow,
  limits: EgressLimits,
): Promise<TriedDelivery> {
  const triedAt = new Date()
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
          ...signWebhook({ id, sentAt: triedAt, body }, secrets),
        },
        body,
      },
      limits,
    )
    return {
      triedAt,
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
      triedAt,
      durationMs: durationMs(),
      status: null,
      answer: null,
      failure: { code, message },
      retryAfterMs: undefined,
    }
  }
}

/** Whether a failure is the receiver's, or that of the way to it. */
function isOfReceiver(error: unknown): error is HoldfastError {
  return error instanceof HoldfastError && error.code.startsWith('egress-')
}

import type { Access } from '../kernel/access.ts'
import type { Caller } from '../kernel/caller.ts'
import { systemClock } from '../kernel/clock.ts'
import { ProblemError } from '../kernel/problem.ts'
import { incomingWebhookProblems } from './problems.ts'
import { verifyWebhook } from './verify-webhook.ts'

/** Who sends a webhook, as its signature proves. */
export interface WebhookSender extends Caller {
  readonly kind: 'webhook'
  /** The sender's name in this service. */
  readonly id: string
  /** The id of the webhook: the same each time it is sent. */
  readonly webhookId: string
  /** When it was sent this time. */
  readonly sentAt: Date
}

/** Admits whoever signs with one of the secrets, before the body is parsed. */
export function signedWebhook<Values>(
  sender: string,
  secrets: (settings: Values) => readonly string[],
): Access<WebhookSender> {
  return {
    name: `signedWebhook(${sender})`,
    problems: incomingWebhookProblems,
    readsContent: true,
    securitySchemes: {
      webhookSignature: {
        in: 'header',
        name: 'webhook-signature',
        description:
          'A signature of `webhook-id`, `webhook-timestamp` and the body with a secret that sender and service share ([Standard Webhooks](https://www.standardwebhooks.com)).',
      },
    },
    authorize({ header, content = new Uint8Array(), settings, clock = systemClock }) {
      try {
        const { id, sentAt } = verifyWebhook(
          { header, body: content },
          { secrets: secrets(settings as Values), nowMs: clock.now() },
        )
        return { kind: 'webhook', id: sender, webhookId: id, sentAt }
      } catch (error) {
        if (error instanceof ProblemError) return error
        throw error
      }
    },
  }
}

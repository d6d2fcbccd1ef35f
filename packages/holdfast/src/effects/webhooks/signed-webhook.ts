import type { Access } from '../../kernel/operation/access/access.ts'
import type { Caller } from '../../kernel/operation/caller.ts'
import { ProblemError } from '../../kernel/problem/problem.ts'
import { incomingWebhookProblems } from './problems.ts'
import { verifyWebhook } from './verify-webhook.ts'

/** The caller of an incoming webhook: its sender, verified by the signature. */
export interface WebhookSender extends Caller {
  readonly kind: 'webhook'
  /** The sender's name in this service. */
  readonly id: string
  /** Id of the webhook, the same in each attempt of the sender. */
  readonly webhookId: string
  /** Time of this attempt. */
  readonly sentAt: Date
}

/**
 * Returns an access rule that admits webhooks signed with one of the secrets. The signature is
 * checked before the body is parsed.
 */
export function signedWebhook<Values>(
  sender: string,
  secrets: (settings: Values) => readonly string[],
): Access<WebhookSender> {
  return {
    name: `signedWebhook(${sender})`,
    problems: incomingWebhookProblems,
    needsRawBody: true,
    securitySchemes: {
      webhookSignature: {
        in: 'header',
        name: 'webhook-signature',
        description:
          'A signature of `webhook-id`, `webhook-timestamp` and the body, computed with a shared secret ([Standard Webhooks](https://www.standardwebhooks.com)).',
      },
    },
    authorize({ header, rawBody = new Uint8Array(), settings, clock }) {
      try {
        const { id, sentAt } = verifyWebhook(
          { header, body: rawBody },
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

import { callSite } from '../kernel/call-site.ts'
import type { Application } from '../kernel/holdfast.ts'
import type { MutationDefinition, NoOutput, Operation } from '../kernel/operation.ts'
import type { AnyProblemType, ProblemOf } from '../kernel/problem.ts'
import type { InputOf, Schema } from '../kernel/schema.ts'
import { signedWebhook, type WebhookSender } from './signed-webhook.ts'

/** What the receipt of webhooks is defined with: what a mutation is, but for what their signature settles. */
export interface IncomingWebhookDefinition<
  I extends Schema,
  P extends AnyProblemType,
  Db,
  Values,
> extends Pick<
  MutationDefinition<I, NoOutput, P, WebhookSender, Db, Values>,
  'problems' | 'deadline' | 'summary' | 'description' | 'isolation' | 'run'
> {
  /** Where they come to: `POST /webhooks/payments`. */
  readonly route: `POST /${string}`
  /** Who sends them: what the caller is called, and whose ids do not meet those of another sender. Stable. */
  readonly sender: string
  /** The secrets that both sides know, `whsec_…`: several while one takes the place of another. */
  readonly secrets: (settings: Values) => readonly string[]
  /** The body, which is a JSON object. */
  readonly payload: I
}

/**
 * Makes the mutation that receives webhooks of a sender, by Standard Webhooks (https://www.standardwebhooks.com). The signature is verified before
 * anything is parsed; the `webhook-id` is the idempotency key, so that one that is sent again is answered as it was before, and does nothing.
 *
 * @param mutation that of the application: `holdfast({ … }).mutation`.
 */
export function incomingWebhook<Db, Values, I extends Schema, P extends AnyProblemType = never>(
  mutation: Application<never, Db, Values>['mutation'],
  definition: IncomingWebhookDefinition<I, P, Db, Values>,
): Operation<InputOf<I>, void, ProblemOf<P>> {
  const { sender, secrets, payload, ...rest } = definition
  const operation = mutation<I, NoOutput, P, WebhookSender>({
    ...rest,
    input: payload,
    access: signedWebhook(sender, secrets),
    keyHeader: 'webhook-id',
  })
  return { ...operation, place: callSite(incomingWebhook) }
}

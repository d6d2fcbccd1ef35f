import { callSite } from '../../kernel/base/call-site.ts'
import type { Application } from '../../kernel/service/holdfast.ts'
import type { Mutation, MutationDefinition, NoOutput } from '../../kernel/operation/operation.ts'
import type { AnyProblem, ProblemOf } from '../../kernel/problem/problem.ts'
import type { InputOf, Schema } from '../../kernel/schema/schema.ts'
import { signedWebhook, type WebhookSender } from './signed-webhook.ts'

/**
 * Options of {@link incomingWebhook}: the options of a mutation, except the options that are fixed
 * for signed webhooks.
 */
export interface IncomingWebhookDefinition<
  InputSchema extends Schema,
  Problems extends AnyProblem,
  Db,
  Values,
> extends Pick<
  MutationDefinition<InputSchema, NoOutput, Problems, WebhookSender, Db, Values>,
  'problems' | 'deadline' | 'summary' | 'description' | 'isolation' | 'subjectsOf' | 'run'
> {
  /** The route that receives the webhooks, e.g. `POST /webhooks/payments`. */
  readonly route: `POST /${string}`
  /**
   * The sender's name, which is the caller's id. Webhook ids are unique per sender. Do not change
   * it: under a new name, webhooks that are sent again would be handled a second time.
   */
  readonly sender: string
  /** Returns the secrets shared with the sender, `whsec_…`; several during a rotation. */
  readonly secrets: (settings: Values) => readonly string[]
  /** Schema of the body, which is a JSON object. */
  readonly payload: InputSchema
}

/**
 * Defines a mutation that receives a sender's webhooks as specified by Standard Webhooks
 * (https://www.standardwebhooks.com). The signature is verified before the body is parsed. The
 * `webhook-id` is the idempotency key: a webhook that is sent again gets the stored answer, and its
 * handler does not run.
 *
 * @param mutation The application's builder, `holdfast({ … }).mutation`.
 *
 * @example
 * ```ts
 * const receivePayment = incomingWebhook(mutation, {
 *   route: 'POST /webhooks/payments',
 *   sender: 'payments',
 *   secrets: () => [secret],
 *   payload: z.object({ order: z.int() }),
 *   run: ({ input, jobs }) => void jobs.enqueue(sendReceipt, { order: input.order }),
 * })
 * ```
 */
export function incomingWebhook<Db, Values, InputSchema extends Schema, Problems extends AnyProblem = never>(
  mutation: Application<never, Db, Values>['mutation'],
  definition: IncomingWebhookDefinition<InputSchema, Problems, Db, Values>,
): Mutation<InputOf<InputSchema>, void, ProblemOf<Problems>> {
  const { sender, secrets, payload, ...rest } = definition
  const operation = mutation<InputSchema, NoOutput, Problems, WebhookSender>({
    ...rest,
    input: payload,
    access: signedWebhook(sender, secrets),
    idempotencyHeader: 'webhook-id',
  })
  return { ...operation, definedAt: callSite(incomingWebhook) }
}

import type { Effects } from '../../kernel/background/effects.ts'
import { betweenMs } from '../../kernel/base/backoff.ts'
import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import { createJob, type Job, type JobContext } from '../../kernel/background/job.ts'
import { RetryLater } from '../../kernel/background/retry-later.ts'
import { described } from '../../kernel/schema/schema.ts'
import type { EgressRules } from '../../platform/egress/find-addresses.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { WebhookEndpointFailed } from './endpoint-disabled.ts'
import { endDelivery } from './queries/end-delivery.ts'
import { type DeliveryRow, findDelivery } from './queries/find-delivery.ts'
import { logAttempt } from './queries/log-attempt.ts'
import { type DisabledRow, noteFailure, noteEndpointGone, noteSuccess } from './queries/note-outcome.ts'
import { type AttemptedDelivery, attemptDelivery } from './attempt-delivery.ts'

/** The name of the job that sends a delivery. */
export const deliveryJobName = 'webhook-delivery'

/** The input of the job. */
export interface DeliveryInput {
  readonly delivery: string
  readonly endpoint: string
  /** The endpoint's owner; absent in jobs that an earlier version enqueued. */
  readonly owner?: string
}

/** Options of {@link deliveryJob}. */
export interface DeliveryOptions {
  readonly rules: EgressRules
  /** The delays between the attempts. */
  readonly schedule: readonly Duration[]
  /** Timeout of one attempt, in milliseconds. */
  readonly timeoutMs: number
  /** Time for which an endpoint may fail before it is disabled, in milliseconds. */
  readonly disableAfterMs: number
  /** Max number of concurrent deliveries to one endpoint. */
  readonly concurrency: number
  /** Max number of concurrent deliveries in a process. */
  readonly slots: number
  /** The file and line of the webhooks' definition. */
  readonly definedAt: string
}

type Context = JobContext<DeliveryInput, unknown, unknown>

const answerLimitBytes = 1_024
const maxDelayMs = 86_400_000
// Spreads out the retries of deliveries that failed at the same time.
const jitter = 0.1
// A delivery holds a connection for one or two statements, but not while it waits for an endpoint.
const ownConnections = 3
// Time allowed for the statements before and after the attempt.
const overheadMs = 30_000

const gone = 410

const inputSchema = described<DeliveryInput>({
  type: 'object',
  properties: { delivery: { type: 'string' }, endpoint: { type: 'string' }, owner: { type: 'string' } },
  required: ['delivery', 'endpoint'],
})

/** Returns the job that sends one delivery, until it succeeds or fails permanently. */
export function deliveryJob(options: DeliveryOptions): Job<DeliveryInput> {
  const { schedule, timeoutMs, concurrency, slots, definedAt } = options
  return createJob(
    {
      name: deliveryJobName,
      input: inputSchema,
      retry: { schedule },
      deadline: `${timeoutMs + overheadMs}ms`,
      // A slow endpoint delays only its own deliveries.
      concurrency: { limit: concurrency, key: ({ endpoint }) => endpoint },
      run: (context: Context) => deliver(context, options),
    },
    definedAt,
    {
      count: slots,
      connections: ownConnections,
      shareOf: ({ endpoint, owner }) => owner ?? endpoint,
    },
  )
}

async function deliver(context: Context, options: DeliveryOptions): Promise<void> {
  const { input, attempt, log, signal, step } = context
  const { row, look } = await findNow(context)
  if (!row) return
  if (!row.is_enabled) {
    await runStatement(context.transaction, endDelivery(input.delivery, 'failed'))
    return
  }
  const { rules, timeoutMs, schedule } = options
  const attempted = await attemptDelivery(row, { ...rules, timeoutMs, answerLimitBytes, signal })
  if (isTaken(attempted)) {
    await runStatement(context.transaction, logAttempt(input.delivery, attempted))
    await runStatement(context.transaction, endDelivery(input.delivery, 'delivered'))
    await runStatement(context.transaction, noteSuccess(input.endpoint))
    return
  }
  const pause = schedule[attempt - 1]
  if (pause === undefined || attempted.status === gone) {
    await noteFailedAttempt(context, { input, attempted, options })
    await runStatement(context.transaction, endDelivery(input.delivery, 'failed'))
    log.warn(
      { ...input, status: attempted.status, failure: attempted.failure },
      'webhook delivery failed permanently',
    )
    return
  }
  // The attempt is logged in a step, which commits separately, because a failed job's transaction
  // is rolled back.
  await step(`log ${look}`, (within) => noteFailedAttempt(within, { input, attempted, options }))
  throw new RetryLater(`${delayOf(pause, attempted)}ms`, describeFailure(attempted), {
    countsAsAttempt: true,
  })
}

/**
 * Reads the delivery in a step, whose transaction ends before the endpoint is called, so that no
 * transaction is open during the call. A completed step does not run again, so each attempt uses a
 * new step.
 */
async function findNow({
  input,
  step,
}: Context): Promise<{ readonly row: DeliveryRow | undefined; readonly look: number }> {
  for (let look = 1; ; look += 1) {
    const found: (DeliveryRow | undefined)[] = []
    await step(`look ${look}`, async (within) => {
      const [row] = await runStatement<DeliveryRow>(within.transaction, findDelivery(input.delivery))
      found.push(row)
    })
    if (found.length > 0) return { row: found[0], look }
  }
}

interface FailedAttempt {
  readonly input: DeliveryInput
  readonly attempted: AttemptedDelivery
  readonly options: DeliveryOptions
}

async function noteFailedAttempt(
  effects: Pick<Effects, 'transaction' | 'publish'>,
  { input: { delivery, endpoint }, attempted, options }: FailedAttempt,
): Promise<void> {
  await runStatement(effects.transaction, logAttempt(delivery, attempted))
  const [disabled] = await runStatement<DisabledRow>(
    effects.transaction,
    attempted.status === gone ? noteEndpointGone(endpoint) : noteFailure(endpoint, options.disableAfterMs),
  )
  if (disabled) await effects.publish(WebhookEndpointFailed, endpoint, { endpoint, ...disabled })
}

function isTaken({ status }: AttemptedDelivery): boolean {
  return status !== null && status >= 200 && status <= 299
}

/**
 * Returns the delay in milliseconds: the planned delay, or `Retry-After` if longer, but at most a
 * day.
 */
function delayOf(pause: Duration, { retryAfterMs = 0 }: AttemptedDelivery): number {
  const minMs = toMilliseconds(pause, { option: 'retry.schedule of webhooks' })
  const plannedMs = betweenMs(minMs, minMs * (1 + jitter))
  return Math.round(Math.min(maxDelayMs, Math.max(plannedMs, retryAfterMs)))
}

function describeFailure({ status, failure }: AttemptedDelivery): string {
  return failure ? failure.message : `The endpoint returned ${status}.`
}

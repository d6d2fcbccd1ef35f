import type { Effects } from '../kernel/effects.ts'
import { type Duration, toMilliseconds } from '../kernel/duration.ts'
import { createJob, type Job, type JobContext } from '../kernel/job.ts'
import { RetryLater } from '../kernel/retry-later.ts'
import { described } from '../kernel/schema.ts'
import type { EgressRules } from '../egress/find-addresses.ts'
import { runStatement } from '../postgres/statement-client.ts'
import { WebhookEndpointFailed } from './endpoint-disabled.ts'
import { endDelivery } from './queries/end-delivery.ts'
import { type DeliveryRow, findDelivery } from './queries/find-delivery.ts'
import { logTry } from './queries/log-try.ts'
import { type DisabledRow, noteFailure, noteGone, noteSuccess } from './queries/note-outcome.ts'
import { type TriedDelivery, tryDelivery } from './try-delivery.ts'

/** The name of the job that sends a delivery. */
export const deliveryJobName = 'webhook-delivery'

/** What the job is given. */
export interface DeliveryInput {
  readonly delivery: string
  readonly endpoint: string
  /** Whose endpoint it is; absent in jobs of versions before. */
  readonly owner?: string
}

/** How deliveries are sent. */
export interface DeliveryOptions {
  readonly rules: EgressRules
  /** The pauses between the tries. */
  readonly schedule: readonly Duration[]
  /** How long one try may take, in milliseconds. */
  readonly timeoutMs: number
  /** How long an endpoint may fail before it is disabled, in milliseconds. */
  readonly disableAfterMs: number
  /** How many deliveries to one endpoint are under way at once. */
  readonly concurrency: number
  /** How many deliveries are under way at once in a process. */
  readonly slots: number
  /** Where webhooks are declared. */
  readonly place: string
}

type Context = JobContext<DeliveryInput, unknown, unknown>

const answerLimitBytes = 1_024
const longestDelayMs = 86_400_000
// Spreads out again what has failed together.
const jitter = 0.1
// They are held for a statement or two; none while an endpoint is waited for.
const ownConnections = 3
// For the statements before and after the try.
const overheadMs = 30_000

const gone = 410

const inputSchema = described<DeliveryInput>({
  type: 'object',
  properties: { delivery: { type: 'string' }, endpoint: { type: 'string' }, owner: { type: 'string' } },
  required: ['delivery', 'endpoint'],
})

/** Makes the job that sends one delivery, until it has been taken or is given up. */
export function deliveryJob(options: DeliveryOptions): Job<DeliveryInput> {
  const { schedule, timeoutMs, concurrency, slots, place } = options
  return createJob(
    {
      name: deliveryJobName,
      input: inputSchema,
      retry: { schedule },
      deadline: `${timeoutMs + overheadMs}ms`,
      // One that answers slowly keeps its own deliveries waiting, and no others.
      concurrency: { limit: concurrency, key: ({ endpoint }) => endpoint },
      run: (context: Context) => deliver(context, options),
    },
    place,
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
  const tried = await tryDelivery(row, { ...rules, timeoutMs, answerLimitBytes, signal })
  if (isTaken(tried)) {
    await runStatement(context.transaction, logTry(input.delivery, tried))
    await runStatement(context.transaction, endDelivery(input.delivery, 'delivered'))
    await runStatement(context.transaction, noteSuccess(input.endpoint))
    return
  }
  const pause = schedule[attempt - 1]
  if (pause === undefined || tried.status === gone) {
    await noteFailedTry(context, { input, tried, options })
    await runStatement(context.transaction, endDelivery(input.delivery, 'failed'))
    log.warn({ ...input, status: tried.status, failure: tried.failure }, 'a webhook was given up')
    return
  }
  // What a job that fails has written is rolled back, but for its steps.
  await step(`log ${look}`, (within) => noteFailedTry(within, { input, tried, options }))
  throw new RetryLater(delayOf(pause, tried), describeFailure(tried), { countsAsAttempt: true })
}

/**
 * Finds the delivery as it is now, in a step: its transaction has ended before the call, so that none is open meanwhile. A step that an attempt
 * before has done is not done again, so each look is a step of its own.
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

interface FailedTry {
  readonly input: DeliveryInput
  readonly tried: TriedDelivery
  readonly options: DeliveryOptions
}

async function noteFailedTry(
  effects: Pick<Effects, 'transaction' | 'publish'>,
  { input: { delivery, endpoint }, tried, options }: FailedTry,
): Promise<void> {
  await runStatement(effects.transaction, logTry(delivery, tried))
  const [disabled] = await runStatement<DisabledRow>(
    effects.transaction,
    tried.status === gone ? noteGone(endpoint) : noteFailure(endpoint, options.disableAfterMs),
  )
  if (disabled) await effects.publish(WebhookEndpointFailed, endpoint, { endpoint, ...disabled })
}

function isTaken({ status }: TriedDelivery): boolean {
  return status !== null && status >= 200 && status <= 299
}

/** How long it waits: as planned, and as the receiver asks where that is longer, but no longer than a day. */
function delayOf(pause: Duration, { retryAfterMs = 0 }: TriedDelivery): number {
  const plannedMs = toMilliseconds(pause) * (1 + Math.random() * jitter)
  return Math.min(longestDelayMs, Math.max(plannedMs, retryAfterMs))
}

function describeFailure({ status, failure }: TriedDelivery): string {
  return failure ? failure.message : `The endpoint answered ${status}.`
}

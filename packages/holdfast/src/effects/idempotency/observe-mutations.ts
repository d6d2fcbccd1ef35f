import type { Answer } from '../../kernel/operation/answer.ts'
import { ProblemError } from '../../kernel/problem/problem.ts'
import type { CounterSeries, Telemetry } from '../../kernel/telemetry/telemetry.ts'
import { IdempotencyKeyInFlight, IdempotencyKeyReused } from './problems.ts'
import { isReplayed } from './stored-answer.ts'

/** The outcome of a call with respect to its key. */
type Outcome = 'run' | 'replayed' | 'in-flight' | 'reused' | 'failed'

/** Counts the outcomes of one mutation's calls. */
export interface MutationObserver {
  /** Called after a call is answered, by its handler or with a stored answer. */
  answered(answer: Answer): void
  /** Called after a call is rejected or fails. */
  failed(error: unknown): void
  /** Called when a transaction runs again after a conflict. */
  retried(): void
}

/** Returns a function that creates the observer of an operation. */
export function observeMutations(telemetry: Telemetry): (operation: string) => MutationObserver {
  const calls = telemetry.counter({
    name: 'holdfast.idempotency.calls',
    description: 'Calls of mutations, by the outcome of their idempotency keys.',
    unit: '{call}',
  })
  const retries = telemetry.counter({
    name: 'holdfast.transaction.retries',
    description: 'Transactions that were retried after a serialization failure or a deadlock.',
    unit: '{transaction}',
  })
  return (operation) => {
    const attributes = { 'holdfast.operation': operation }
    const outcomes = new Map<Outcome, CounterSeries>()
    const count = (outcome: Outcome): void => {
      const series = outcomes.get(outcome) ?? calls.with({ ...attributes, 'holdfast.outcome': outcome })
      outcomes.set(outcome, series)
      series.add()
    }
    const again = retries.with(attributes)
    return {
      answered: (answer) => count(isReplayed(answer) ? 'replayed' : 'run'),
      failed: (error) => count(outcomeOf(error)),
      retried: () => again.add(),
    }
  }
}

function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof ProblemError)) return 'failed'
  if (error.code === IdempotencyKeyInFlight.code) return 'in-flight'
  return error.code === IdempotencyKeyReused.code ? 'reused' : 'failed'
}

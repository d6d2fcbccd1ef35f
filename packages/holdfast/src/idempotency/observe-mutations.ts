import type { Answer } from '../kernel/answer.ts'
import { ProblemError } from '../kernel/problem.ts'
import type { CounterSeries, Telemetry } from '../kernel/telemetry.ts'
import { IdempotencyKeyInFlight, IdempotencyKeyReused } from './problems.ts'
import { isReplayed } from './stored-answer.ts'

/** What a mutation came to, as far as its key is concerned. */
type Outcome = 'run' | 'replayed' | 'in-flight' | 'reused' | 'failed'

/** Counts what the calls of one mutation come to. */
export interface MutationObserver {
  /** The call was answered: by its handler, or with the answer that its key had already. */
  answered(answer: Answer): void
  /** It was refused, or failed. */
  failed(error: unknown): void
  /** Its transaction met another one, and is run again. */
  reran(): void
}

/** Makes the observers of a service's mutations, one for each operation. */
export function observeMutations(telemetry: Telemetry): (operation: string) => MutationObserver {
  const calls = telemetry.counter({
    name: 'holdfast.idempotency.calls',
    description: 'Calls of mutations, by what their idempotency keys made of them.',
    unit: '{call}',
  })
  const reruns = telemetry.counter({
    name: 'holdfast.transaction.reruns',
    description: 'Transactions that were run again after a serialization failure or a deadlock.',
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
    const again = reruns.with(attributes)
    return {
      answered: (answer) => count(isReplayed(answer) ? 'replayed' : 'run'),
      failed: (error) => count(outcomeOf(error)),
      reran: () => again.add(),
    }
  }
}

function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof ProblemError)) return 'failed'
  if (error.code === IdempotencyKeyInFlight.code) return 'in-flight'
  return error.code === IdempotencyKeyReused.code ? 'reused' : 'failed'
}

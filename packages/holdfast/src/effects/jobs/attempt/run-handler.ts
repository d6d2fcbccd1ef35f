import { abortable } from '../../../kernel/base/cancellation.ts'
import { toLogFields } from '../../../kernel/base/log.ts'
import { uniformLimits } from '../../../storage/postgres/queries/begin-transaction.ts'
import { Transaction } from '../../../storage/postgres/transaction/transaction.ts'
import type { StepRunner } from '../steps/step-runner.ts'
import type { AttemptScope } from './attempt-scope.ts'
import { JobRunContext, type JobRunParts } from './job-run-context.ts'
import { readInput } from './read-input.ts'

/** The parts of a handler's context that all attempts share. */
export type HandlerParts = Pick<JobRunParts, 'settings' | 'keepProgress'>

/** The transaction and the steps of one attempt. */
export interface HandlerResources {
  readonly transaction: Transaction
  readonly steps: StepRunner
}

/** Creates the transaction of an attempt. The transaction begins with its first statement. */
export function createTransaction({ pool, work, limitMs, job, row }: AttemptScope): Transaction {
  return new Transaction(pool, work, {
    limits: uniformLimits(limitMs),
    owner: job,
    tenant: row.tenant ?? undefined,
  })
}

/**
 * Reads the input of an attempt, runs its handler, and waits for the handler and its steps. Throws
 * the error that the handler throws, or the abort reason if the attempt is aborted.
 */
export async function runHandler(
  scope: AttemptScope,
  parts: HandlerParts,
  { transaction, steps }: HandlerResources,
): Promise<void> {
  const { job, row, deadline } = scope
  const input = await readInput(scope)
  const context = new JobRunContext(scope, { input, transaction, steps, ...parts })
  const running = scope.externalCalls.within({ operation: job.name, isOpen: () => transaction.isOpen }, () =>
    context.within(() => job.run(context as never)),
  )
  // Most handlers that do not use the database are synchronous, and have finished by now.
  if (running !== undefined) {
    await abortable(Promise.resolve(running), deadline, (outcome) => {
      if (outcome.status === 'rejected' && outcome.reason !== deadline.reason)
        scope.log.debug(
          { error: toLogFields(outcome.reason) },
          `job ${row.name} failed after its attempt had ended`,
        )
    })
  }
  deadline.throwIfAborted()
  await steps.settled()
}

import { setTimeout as sleep } from 'node:timers/promises'
import { toLogFields } from '../kernel/log.ts'
import { ownWork } from '../kernel/work.ts'
import type { AttemptScope } from './attempt-scope.ts'
import { type AttemptEnd, endAttempt, type EndedRow } from './queries/end-attempt.ts'
import { releasePlace } from './queries/release-place.ts'
import { withConnection } from '../postgres/with-connection.ts'

const patienceMs = 5_000
const firstPauseMs = 100
const longestPauseMs = 5_000

/**
 * Writes down how an attempt ended that has committed nothing, and tries until it is written: nobody else takes the job while this worker
 * lives. Gives the state that the job is in; `undefined` where it was not this attempt's own any more, or has been committed after all.
 */
export async function reportEnd(scope: AttemptScope, end: AttemptEnd): Promise<string | undefined> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await report(scope, end)
    } catch (error) {
      const { log, row } = scope
      if (scope.closing.aborted) {
        log.error({ error: toLogFields(error) }, `how the job ${row.name} ended could not be written down`)
        return undefined
      }
      log.debug({ error: toLogFields(error) }, `how the job ${row.name} ended could not be written down yet`)
      await sleep(Math.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** tries), undefined, {
        ref: false,
      })
    }
  }
}

function report({ control, row }: AttemptScope, end: AttemptEnd): Promise<string | undefined> {
  return withConnection(control, ownWork(AbortSignal.timeout(patienceMs)), async (connection) => {
    if (!row.has_place) {
      const { rows } = await connection.run<EndedRow>(endAttempt(row.id, row.attempt, end))
      return rows[0]?.state
    }
    await connection.run({ text: 'BEGIN' })
    const { rows } = await connection.run<EndedRow>(endAttempt(row.id, row.attempt, end))
    const [ended] = rows
    if (ended && !ended.has_place)
      for (const statement of releasePlace(row.name, row.limit_key ?? '')) await connection.run(statement)
    await connection.run({ text: 'COMMIT' })
    return ended?.state
  })
}

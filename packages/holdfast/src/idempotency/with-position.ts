import type { Answer } from '../kernel/answer.ts'
import type { Call } from '../kernel/call.ts'
import { toLogFields } from '../kernel/log.ts'
import type { Pool } from '../postgres/pool.ts'
import {
  endOfLog,
  type InsertPositionRow,
  positionHeader,
  readInsertPosition,
} from '../postgres/replicas/log-position.ts'
import { withConnection } from '../postgres/with-connection.ts'

/**
 * Says in an answer where in the log its effects are. Those of one that was given before are somewhere before the present end; where that cannot be
 * found out, reads that ask for it are the primary's.
 */
export async function withPosition(answer: Answer, call: Call, pool: Pool): Promise<Answer> {
  const position = call.position ?? (await readPosition(call, pool))
  return { ...answer, headers: { ...answer.headers, [positionHeader]: position } }
}

async function readPosition(call: Call, pool: Pool): Promise<string> {
  try {
    const { rows } = await withConnection(pool, call, (connection) =>
      connection.run<InsertPositionRow>(readInsertPosition()),
    )
    return rows[0]!.position
  } catch (error) {
    call.log.debug({ error: toLogFields(error) }, 'where a mutation has committed could not be found out')
    return endOfLog
  }
}

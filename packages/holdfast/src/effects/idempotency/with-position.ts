import type { Answer } from '../../kernel/operation/answer.ts'
import type { Call } from '../../kernel/call/call.ts'
import { toLogFields } from '../../kernel/base/log.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import {
  endOfLog,
  type InsertPositionRow,
  positionHeader,
  readInsertPosition,
} from '../../storage/replicas/log-position.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'

/**
 * Returns an answer with the WAL position of its effects. For a replayed answer, this is the
 * current end of the WAL, which is after the effects. If the end cannot be read, the answer gets a
 * position that no replica reaches, so later reads go to the primary.
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
    call.log.debug({ error: toLogFields(error) }, 'could not read the WAL position of a mutation')
    return endOfLog
  }
}

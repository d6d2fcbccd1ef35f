import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { ErasedCounts, SubjectInService } from '../../subjects/subject-source.ts'

/** Records the beginning of an erasure. */
export function insertErasure(
  id: string,
  { subject, service }: SubjectInService,
  reference: string | null,
): Statement {
  return {
    text: 'insert into holdfast.erasures (id, service, subject, reference) values ($1, $2, $3, $4)',
    values: [id, service, subject, reference],
  }
}

/** Records an erasure's progress, in the transaction of a batch. */
export function updateErasure(id: string, erased: ErasedCounts): Statement {
  return {
    text: 'update holdfast.erasures set erased = $2 where id = $1',
    values: [id, JSON.stringify(erased)],
  }
}

/** Records the end of an erasure. */
export function endErasure(id: string, held: number): Statement {
  return {
    text: 'update holdfast.erasures set ended_at = now(), held = $2 where id = $1',
    values: [id, held],
  }
}

/** Filters for erasures; `null` means no filter. */
export interface ErasureFilters {
  readonly service: string | null
  readonly subject: string | null
  readonly limit: number
}

/** Lists erasures, newest first. */
export function listErasureRows({ service, subject, limit }: ErasureFilters): Statement {
  return {
    text: `
      select id, service, subject, role, reference, began_at as "beganAt", ended_at as "endedAt", erased, held
      from holdfast.erasures
      where ($1::text is null or service = $1) and ($2::uuid is null or subject = $2)
      order by began_at desc, id desc
      limit $3`,
    values: [service, subject, limit],
  }
}

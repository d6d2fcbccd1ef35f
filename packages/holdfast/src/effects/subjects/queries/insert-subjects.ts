import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { subjectIdOf } from '../subject-id.ts'

/** The table of a row with subjects. */
export type SubjectKind = 'job' | 'message' | 'webhook'

/** A row that may have subjects. */
export interface RowWithSubjects {
  readonly id: string
  /** Default: none. */
  readonly subjects?: readonly string[]
}

/**
 * Returns a list with the statement that stores the subjects of a service's new rows; an empty list
 * if no row has subjects.
 */
export function insertSubjects(
  service: string,
  kind: SubjectKind,
  rows: readonly RowWithSubjects[],
): readonly Statement[] {
  const subjects: string[] = []
  const ids: string[] = []
  for (const row of rows) {
    if (row.subjects === undefined) continue
    for (const subject of row.subjects) {
      subjects.push(subjectIdOf(subject))
      ids.push(row.id)
    }
  }
  return subjects.length === 0 ? [] : [insertRows(service, kind, [subjects, ids])]
}

function insertRows(
  service: string,
  kind: SubjectKind,
  [subjects, ids]: readonly [readonly string[], readonly string[]],
): Statement {
  return {
    name: 'holdfast_insert_subjects',
    text: `
      insert into holdfast.subjects (subject, service, kind, id)
      select subject, $1, $2, id from unnest($3::uuid[], $4::uuid[]) as row (subject, id)
      on conflict do nothing`,
    values: [service, kind, subjects, ids],
    isInsert: true,
  }
}

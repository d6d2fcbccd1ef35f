import type { SubjectKind } from './insert-subjects.ts'

/**
 * Returns SQL that deletes the subjects of the rows whose ids the subquery `ids` returns. The
 * subquery becomes an array whose length the planner does not know, so it uses the index regardless
 * of the statistics.
 */
export function deleteSubjectsOf(kind: SubjectKind, ids: string): string {
  return `delete from holdfast.subjects where kind = '${kind}' and id = any (array(${ids}))`
}

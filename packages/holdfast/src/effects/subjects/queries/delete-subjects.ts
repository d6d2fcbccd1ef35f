import type { SubjectKind } from './insert-subjects.ts'

/** Returns SQL that deletes the subjects of the rows in `ids`, a subquery of ids. */
export function deleteSubjectsOf(kind: SubjectKind, ids: string): string {
  return `delete from holdfast.subjects where kind = '${kind}' and id in (${ids})`
}

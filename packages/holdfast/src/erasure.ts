export {
  eraseSubject,
  type EraseOptions,
  type HeldRow,
  type SubjectErasure,
} from './effects/erasure/erase-subject.ts'
export { exportSubject, type SubjectRecord } from './effects/erasure/export-subject.ts'
export {
  listErasures,
  type ListErasuresOptions,
  type StoredErasure,
} from './effects/erasure/list-erasures.ts'
export type { SubjectOf } from './effects/erasure/subject-service.ts'
export type { ErasedCounts } from './effects/subjects/subject-source.ts'
export type { StatementClient } from './storage/postgres/statement/statement-client.ts'

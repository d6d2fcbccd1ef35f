import { hash } from 'node:crypto'
import { uuidFromHex } from '../../kernel/base/uuid.ts'

// The subjects of rows, which are used to find, export and erase all data about a person.
//
//   mutation, job or event declares subjectsOf ─▶ rows are written with their subjects, in one
// commit
//
//   holdfast.subjects                jobs, messages and webhook messages
//   holdfast.idempotency_subjects_n  idempotency keys, a table per leaf of the ring of keys
//
// Invariants
// 1. A row and its subjects are committed together.
// 2. A row without subjects costs no statement, no column and no index entry.
// 3. The tables contain only a hash of a subject, which also identifies it in the records of
//    erasures.
// 4. Every entry starts with the subject and the service, so that a look-up reads only the entries
//    that it returns.

/** Returns the stored form of a subject: 128 bits of its SHA-256, as a UUID. */
export function subjectIdOf(subject: string): string {
  return uuidFromHex(hash('sha256', subject, 'hex'))
}

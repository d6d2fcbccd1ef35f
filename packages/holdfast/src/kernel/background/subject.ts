import { isStorableText } from '../base/storable-text.ts'
import { HoldfastError } from '../base/holdfast-error.ts'

/**
 * The subjects of a stored row: the people, or other entities, whose data it contains. A subject is
 * an opaque string that the application chooses, such as `customer:42`.
 */
export type Subjects = string | readonly string[] | undefined

const maxLength = 255
const maxSubjects = 20
const none: readonly string[] = []

/**
 * Returns declared subjects as a list without duplicates.
 *
 * @param of the declaration, for the error message: `the job "mail" (jobs.ts:3)`.
 * @throws HoldfastError `subject-invalid`.
 */
export function toSubjects(declared: Subjects, of: string): readonly string[] {
  if (declared === undefined) return none
  const subjects = typeof declared === 'string' ? [declared] : [...new Set(declared)]
  if (subjects.length > maxSubjects)
    throw subjectInvalid(of, `has ${subjects.length} subjects; at most ${maxSubjects} are allowed`)
  for (const subject of subjects) checkSubject(subject, of)
  return subjects
}

/** Throws HoldfastError `subject-invalid` if a subject cannot be stored. */
export function checkSubject(subject: string, of: string): void {
  if (subject === '' || subject.length > maxLength)
    throw subjectInvalid(of, `has a subject of ${subject.length} characters; it must have 1 to ${maxLength}`)
  if (!isStorableText(subject))
    throw subjectInvalid(of, 'has a subject with U+0000 or an unpaired surrogate, which cannot be stored')
}

function subjectInvalid(of: string, what: string): HoldfastError {
  return new HoldfastError('subject-invalid', `${of} ${what}.`)
}

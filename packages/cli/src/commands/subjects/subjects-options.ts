import { type Option, text } from '../../option.ts'

/** The option of commands that take a subject. */
export const subjectServiceOption: Option<string | undefined> = text(
  'service',
  'Service whose data it is. Required if several services on the database have data of the subject.',
)

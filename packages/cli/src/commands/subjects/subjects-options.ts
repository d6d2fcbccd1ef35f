import { type Option, text } from '../../option.ts'

/** The option of commands that take a subject. */
export const subjectServiceOption: Option<string | undefined> = text(
  'service',
  'Service that stores the data. Required if several services on the database have data of the subject.',
)

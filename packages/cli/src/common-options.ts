import { flag, type Option, text } from './option.ts'

/** The options of every command. */
export const commonOptions: {
  readonly json: Option<boolean>
  readonly 'database-url': Option<string | undefined>
  readonly directory: Option<string | undefined>
  readonly help: Option<boolean>
} = {
  json: flag('Prints JSON, for programs.'),
  'database-url': text(
    'url',
    'Address of the database. Default: DATABASE_URL of the environment or of .env, else the embedded database.',
  ),
  directory: text(
    'folder',
    'Folder of the embedded database, if the service names one. Default: .holdfast/postgres.',
  ),
  help: flag('Prints how it is used.'),
}

/** The option of commands that take the name of a job. */
export const serviceOption: Option<string | undefined> = text(
  'service',
  'Service whose jobs they are. Needed if several services on the database have jobs of the name.',
)

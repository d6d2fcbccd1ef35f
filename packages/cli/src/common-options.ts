import { flag, type Option, text } from './option.ts'

/** The options of every command. */
export const commonOptions: {
  readonly json: Option<boolean>
  readonly 'database-url': Option<string | undefined>
  readonly directory: Option<string | undefined>
  readonly help: Option<boolean>
} = {
  json: flag('Print JSON.'),
  'database-url': text(
    'url',
    'Database address. Default: DATABASE_URL from the environment or from .env, otherwise the embedded database.',
  ),
  directory: text('folder', 'Folder of the embedded database. Default: .holdfast/postgres.'),
  help: flag('Print the usage.'),
}

/** The option of commands that take a job name. */
export const serviceOption: Option<string | undefined> = text(
  'service',
  'Service of the jobs. Required if several services on the database have jobs of this name.',
)

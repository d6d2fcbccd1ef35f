import { flag, type Option, text } from './option.ts'

/** What every command can be given. */
export const commonOptions: {
  readonly json: Option<boolean>
  readonly 'database-url': Option<string | undefined>
  readonly help: Option<boolean>
} = {
  json: flag('Prints JSON, for programs.'),
  'database-url': text('url', 'Where the database is. Default: DATABASE_URL, of the environment or of .env.'),
  help: flag('Tells how it is used.'),
}

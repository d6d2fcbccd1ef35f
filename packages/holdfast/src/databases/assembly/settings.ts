import type { Settings } from '../../kernel/host/settings.ts'
import { settings } from '../../platform/settings/create-settings.ts'
import type { Schema } from '../../kernel/schema/schema.ts'
import { text } from '../../platform/settings/schemas.ts'
import { setting } from '../../platform/settings/setting.ts'
import type { Secret } from '../../platform/settings/secret.ts'
import { parseDatabaseUrl } from '../../storage/postgres/session/database-url.ts'

interface DatabaseSettings {
  readonly DATABASE_URL: Secret<string> | undefined
  readonly DATABASE_DIRECT_URL: Secret<string> | undefined
  readonly DATABASE_OWNER_URL: Secret<string> | undefined
  readonly DATABASE_GROUP_ROLE: string | undefined
  readonly DATABASE_REPLICA_URLS: Secret<string> | undefined
  readonly DATABASE_TLS_EXCEPTION: string | undefined
}

/**
 * The environment variables that configure a database. The options of the database take precedence.
 */
export const databaseSettings: Settings<DatabaseSettings> = settings<DatabaseSettings>({
  DATABASE_URL: setting(databaseUrl(), {
    description: 'Database address: postgres://user:password@host:5432/name.',
    secret: true,
    optional: 'outside production',
    defaultDescription: 'an embedded server; required in production',
  }),
  DATABASE_DIRECT_URL: setting(databaseUrl(), {
    description:
      'Address of Postgres itself if DATABASE_URL is a pooler such as PgBouncer; used for migrations and to wake workers.',
    secret: true,
    optional: true,
  }),
  DATABASE_OWNER_URL: setting(databaseUrl(), {
    description:
      'Address of Postgres with the role that owns the tables, for migrations, if the role of DATABASE_URL may not change tables.',
    secret: true,
    optional: true,
  }),
  DATABASE_GROUP_ROLE: setting(text(), {
    description:
      'Role that the migrations of DATABASE_OWNER_URL grant the rights of the service to, if the role of DATABASE_URL changes, such as the users that Vault creates. These are members of it.',
    optional: true,
    defaultDescription: 'the role of DATABASE_URL',
  }),
  DATABASE_REPLICA_URLS: setting(text(), {
    description: 'Comma-separated URLs of the replicas that queries may read from.',
    secret: true,
    optional: true,
  }),
  DATABASE_TLS_EXCEPTION: setting(text(), {
    description:
      'Reason why a database on another machine may be used without verified TLS in production. Without a reason, the service does not start with such a database.',
    optional: true,
  }),
})

/**
 * Accepts the URL of a Postgres database, over TCP or a Unix socket, in every form that
 * {@link parseDatabaseUrl} parses. The value is the text of the URL.
 *
 * @example
 * ```ts
 * setting(databaseUrl(), { description: 'The database of the archive.', secret: true })
 * ```
 */
export function databaseUrl(): Schema<string, string> {
  const jsonSchema = { type: 'string', format: 'uri', 'x-valid': 'the URL of a Postgres database' }
  return {
    '~standard': {
      version: 1,
      vendor: 'holdfast',
      validate: (given) =>
        typeof given === 'string' && parseDatabaseUrl(given)
          ? { value: given }
          : { issues: [{ message: 'It must be the URL of a Postgres database.' }] },
      jsonSchema: { input: () => ({ ...jsonSchema }), output: () => ({ ...jsonSchema }) },
    },
  }
}

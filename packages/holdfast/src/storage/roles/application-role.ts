import { createHmac } from 'node:crypto'
import pg from 'pg'
import { connectClient } from '../postgres/session/connect-client.ts'
import { requireDatabaseUrl } from '../postgres/session/database-url.ts'

/** The role that a service uses on the embedded server and in tests. */
const applicationRole = 'holdfast_application'

/** The roles of a service: one owns the tables, and the other runs the service. */
export interface Roles {
  readonly applicationUrl: string
  /**
   * The role that has the rights of the service, and that the role of `applicationUrl` is a member
   * of. Default: the role of `applicationUrl` itself.
   */
  readonly groupRole?: string | undefined
  readonly ownerUrl: string
}

/**
 * Creates the application role on the server of a superuser's URL, unless it exists. Returns the
 * URLs of both roles; `undefined` if the role of the URL cannot bypass policies, because then the
 * service can run as this role.
 *
 * Roles belong to the server, not to a database, and several processes may create the role at the
 * same time, so its password is derived from the superuser's.
 */
export async function createApplicationRole(superuserUrl: string): Promise<Roles | undefined> {
  const client = await connectClient({
    connectionString: superuserUrl,
    applicationName: 'holdfast (roles)',
    queryTimeout: '10s',
  })
  try {
    const { rows } = await client.query<{ bypasses: boolean }>(
      `select rolsuper or rolbypassrls as bypasses from pg_roles where rolname = current_user`,
    )
    if (rows[0]?.bypasses !== true) return undefined
    const applicationUrl = urlOfApplication(superuserUrl)
    await client.query(createRole(applicationUrl))
    return { applicationUrl: applicationUrl.href, ownerUrl: superuserUrl }
  } finally {
    await client.end()
  }
}

/** Returns the URL of the application role on the server of a superuser's URL. */
export function urlOfApplication(superuserUrl: string): URL {
  const url = requireDatabaseUrl(superuserUrl)
  // If the superuser needs no password, the application role needs none either.
  if (url.password !== '')
    url.password = createHmac('sha256', url.password).update(applicationRole).digest('base64url')
  url.username = applicationRole
  return url
}

function createRole({ password }: URL): string {
  const role = pg.escapeIdentifier(applicationRole)
  const secret = password === '' ? 'null' : pg.escapeLiteral(password)
  const attributes = `login nosuperuser nobypassrls nocreaterole nocreatedb password ${secret}`
  // Another process may create or change the role at the same time.
  return `do $$ begin
    begin create role ${role} ${attributes};
    exception when duplicate_object or unique_violation then
      begin alter role ${role} ${attributes}; exception when internal_error then null; end;
    end;
  end $$`
}

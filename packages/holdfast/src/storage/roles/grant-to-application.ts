import pg from 'pg'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { connectClient } from '../postgres/session/connect-client.ts'
import type { DriverClient } from '../postgres/session/driver-client.ts'
import { requireDatabaseUrl } from '../postgres/session/database-url.ts'
import type { Roles } from './application-role.ts'

/*
 * The privileges of a service's role, if another role owns the tables:
 *
 *   before the migrations   Default privileges of the owner, when the owner first sees the role.
 *                           They let the role read and write every table that a migration creates.
 *                           Tables that exist already are granted once. A migration can revoke.
 *   after the migrations    Everything in the schema `holdfast`, since the framework also
 *                           truncates its tables.
 *
 * TRUNCATE on other tables is not granted: policies do not apply to it.
 */

/**
 * Applies migrations as the owner of the tables, and grants the application role what the service
 * needs.
 */
export async function migrateAsOwner(roles: Roles, migrate: () => Promise<void>): Promise<void> {
  const role = roles.groupRole ?? roleOf(roles.applicationUrl)
  if (role === roleOf(roles.ownerUrl)) return migrate()
  await asOwner(roles, (client) => grantLaterTables(client, role))
  await migrate()
  await asOwner(roles, (client) => grantFrameworkTables(client, role))
}

async function asOwner({ ownerUrl }: Roles, use: (client: DriverClient) => Promise<void>): Promise<void> {
  const client = await connectClient({
    connectionString: ownerUrl,
    applicationName: 'holdfast (grants)',
    queryTimeout: '60s',
  })
  try {
    await use(client)
  } finally {
    await client.end()
  }
}

async function grantLaterTables(client: DriverClient, role: string): Promise<void> {
  const { rows } = await client.query<{ exists: boolean; is_granted: boolean }>(
    `select
      exists (select from pg_roles where rolname = $1) as exists,
      exists (
        select from pg_default_acl, aclexplode(defaclacl) as granted
        where defaclrole = (select oid from pg_roles where rolname = current_user)
          and defaclnamespace = 0 and defaclobjtype = 'r'
          and granted.grantee = (select oid from pg_roles where rolname = $1)
      ) as is_granted`,
    [role],
  )
  if (rows[0]!.is_granted) return
  if (!rows[0]!.exists) {
    throw new HoldfastError(
      'configuration-invalid',
      `DATABASE_OWNER_URL is set, but "${role}", the role of DATABASE_URL or DATABASE_GROUP_ROLE, does not exist on its server. Create it: create role ${pg.escapeIdentifier(role)} login password '…'; (without "login password" for a group)`,
    )
  }
  await client.query(`begin; ${lock}; ${laterTables(role)}; commit`)
}

async function grantFrameworkTables(client: DriverClient, role: string): Promise<void> {
  const { rows } = await client.query(
    `select from pg_class
     where relnamespace = 'holdfast'::regnamespace and relkind in ('r', 'p')
       and not has_table_privilege($1, oid, 'truncate')
     limit 1`,
    [role],
  )
  if (rows.length === 0) return
  const to = pg.escapeIdentifier(role)
  await client.query(`begin; ${lock};
    grant usage on schema holdfast to ${to};
    grant select, insert, update, delete, truncate on all tables in schema holdfast to ${to};
    grant usage, select, update on all sequences in schema holdfast to ${to};
    commit`)
}

// Concurrent grants on the same object would fail.
const lock = `select pg_advisory_xact_lock(hashtextextended('holdfast grants', 0))`

function laterTables(role: string): string {
  const to = pg.escapeIdentifier(role)
  const own = `c.relowner = (select oid from pg_roles where rolname = current_user)
        and n.nspname not in ('pg_catalog', 'information_schema')`
  return `
    alter default privileges grant usage on schemas to ${to};
    alter default privileges grant select, insert, update, delete on tables to ${to};
    alter default privileges grant usage, select, update on sequences to ${to};
    do $holdfast$ declare found record; role text := ${pg.escapeLiteral(role)}; begin
      for found in
        select c.relkind, n.nspname, c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'S') and ${own}
      loop
        execute format('grant usage on schema %I to %I', found.nspname, role);
        if found.relkind = 'S' then
          execute format('grant usage, select, update on sequence %I.%I to %I', found.nspname, found.relname, role);
        else
          execute format('grant select, insert, update, delete on %I.%I to %I', found.nspname, found.relname, role);
        end if;
      end loop;
    end $holdfast$`
}

function roleOf(url: string): string {
  const { username } = requireDatabaseUrl(url)
  if (username !== '') return decodeURIComponent(username)
  throw new HoldfastError(
    'configuration-invalid',
    'DATABASE_OWNER_URL is set, so DATABASE_URL and DATABASE_OWNER_URL must both name their role: postgres://role:password@host:5432/name.',
  )
}

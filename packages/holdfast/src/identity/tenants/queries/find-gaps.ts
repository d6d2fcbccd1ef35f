import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { TenantOptions } from '../tenant-options.ts'

/** The reasons why policies do not separate the rows of tenants. */
export interface TenantGaps {
  /** The role of the service. */
  readonly role: string
  /** The roles that the service has or may switch to, and that no policy applies to. */
  readonly bypassing: readonly string[]
  /** True if a table that is not exempt has the column. */
  readonly hasTables: boolean
  readonly tables: readonly TableGap[]
  readonly views: readonly ViewGap[]
}

/** A table whose policies do not separate the rows of tenants. */
export interface TableGap {
  /** The name with its schema. */
  readonly name: string
  readonly isEnabled: boolean
  readonly isForced: boolean
  /** The commands that the role may run, and that have no policy. */
  readonly uncovered: readonly string[]
  /** The permissive policies that do not mention the tenant's setting. */
  readonly open: readonly string[]
}

/** A view that shows the rows of all tenants. */
export interface ViewGap {
  /** The name with its schema. */
  readonly name: string
  readonly isMaterialized: boolean
}

// `pg_has_role` is true for the role itself, and for a superuser with every role.
const bypassing = `
  select coalesce(array_agg(other.rolname::text order by other.rolname <> me.rolname, other.rolname), '{}')
  from pg_roles as other, me
  where (other.rolsuper or other.rolbypassrls) and pg_has_role(me.oid, other.oid, 'member')`

// A table that the role cannot use needs no policies. An example is a partition that is used only
// through its parent.
const tenantTables = `
  select table_.oid, quote_ident(nspname) || '.' || quote_ident(relname) as name,
    relrowsecurity as is_enabled, relforcerowsecurity as is_forced
  from pg_class as table_
    join pg_namespace as schema_ on schema_.oid = table_.relnamespace
    join pg_attribute as column_ on column_.attrelid = table_.oid
  where relkind in ('r', 'p') and attname = $1 and not attisdropped
    and nspname not in ('holdfast', 'pg_catalog', 'information_schema')
    and nspname || '.' || relname <> all ($2)
    and has_table_privilege(table_.oid, 'select, insert, update, delete')`

const coveredTables = `
  select found.*,
    array(
      select command.name from (values ('select', 'r'), ('insert', 'a'), ('update', 'w'), ('delete', 'd')) as command (name, code)
      where has_table_privilege(found.oid, command.name) and not exists (
        select from policies where polrelid = found.oid and polcmd::text in ('*', command.code))
    ) as uncovered,
    array(
      select polname::text from policies where polrelid = found.oid and not (
        (polqual is null or pg_get_expr(polqual, polrelid) ~ 'holdfast\\.(tenant|admission)')
        and (polwithcheck is null or pg_get_expr(polwithcheck, polrelid) ~ 'holdfast\\.tenant')
        and (polqual is not null or polwithcheck is not null))
      order by polname
    ) as open
  from tenant_tables as found`

// A view reads with the privileges of its owner, unless it is a security invoker. A view of a view
// reads as the owner of the outer view.
const readers = `
  select rule.ev_class as oid
  from tenant_tables as found
    join pg_depend as depends on depends.refclassid = 'pg_class'::regclass and depends.refobjid = found.oid
    join pg_rewrite as rule on depends.classid = 'pg_rewrite'::regclass and depends.objid = rule.oid
  where rule.ev_class <> found.oid
  union
  select rule.ev_class
  from readers
    join pg_depend as depends on depends.refclassid = 'pg_class'::regclass and depends.refobjid = readers.oid
    join pg_rewrite as rule on depends.classid = 'pg_rewrite'::regclass and depends.objid = rule.oid
  where rule.ev_class <> readers.oid`

const openViews = `
  select quote_ident(nspname) || '.' || quote_ident(relname) as name, relkind = 'm' as is_materialized
  from readers
    join pg_class as view_ on view_.oid = readers.oid
    join pg_namespace as schema_ on schema_.oid = view_.relnamespace
    join pg_roles as owner on owner.oid = view_.relowner
  where has_table_privilege(view_.oid, 'select, insert, update, delete')
    and (relkind = 'm' or (owner.rolsuper or owner.rolbypassrls)
      and not coalesce(reloptions, '{}') && array['security_invoker=true', 'security_invoker=on', 'security_invoker=1'])`

const text = `
with recursive me as (select oid, rolname from pg_roles where rolname = current_user),
tenant_tables as (${tenantTables}),
policies as (
  select polrelid, polname, polcmd, polqual, polwithcheck from pg_policy, me
  where polpermissive and (polroles = '{0}' or exists (
    select from unnest(polroles) as member where pg_has_role(me.oid, member, 'member')))
),
covered as (${coveredTables}),
readers as (${readers}),
open_views as (${openViews})
select json_build_object(
  'role', (select rolname from me),
  'bypassing', (${bypassing}),
  'hasTables', exists (select from tenant_tables),
  'tables', (
    select coalesce(json_agg(json_build_object(
      'name', name, 'isEnabled', is_enabled, 'isForced', is_forced, 'uncovered', uncovered, 'open', open) order by name), '[]')
    from covered where not (is_enabled and is_forced) or uncovered <> '{}' or open <> '{}'),
  'views', (
    select coalesce(json_agg(json_build_object('name', name, 'isMaterialized', is_materialized) order by name), '[]')
    from open_views)
) as gaps`

/** Returns a statement that finds why policies do not separate the rows of tenants. */
export function findGaps({ column, exempt = [] }: TenantOptions): Statement {
  return { text, values: [column, [...exempt]] }
}

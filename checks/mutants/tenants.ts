import type { Mutant } from './mutant.ts'

const src = 'packages/holdfast/src'
const tenants = `${src}/identity/tenants`
const rows = `${tenants}/tenants.postgres.test.ts`
const start = `${tenants}/tenants-start.postgres.test.ts`
const carried = `${tenants}/tenants-carried.postgres.test.ts`
const gaps = `${tenants}/queries/find-gaps.ts`

/** Mutants of tenant separation. */
export const tenantMutants: readonly Mutant[] = [
  {
    name: 'tenants: a read sets the tenant for its session',
    file: `${src}/storage/postgres/queries/set-tenant.ts`,
    text: "set_config('${tenantSetting}', $1, true)` }",
    replacement: "set_config('${tenantSetting}', $1, false)` }",
    killedBy: [{ file: `${tenants}/tenants-pooler.postgres.test.ts`, name: 'no session keeps the tenant' }],
    why: 'A session of a pooler would keep the tenant for the next call.',
  },
  {
    name: 'tenants: a read does not set the tenant',
    file: `${src}/storage/postgres/session/connection.ts`,
    text: 'const result = scope ? this.#sendScoped<Row>(statement, scope) : this.#send<Row>(statement)',
    replacement: 'const result = this.#send<Row>(statement)',
    killedBy: [{ file: rows, name: 'a statement without a where sees the rows of the tenant' }],
    why: 'A query would see no rows.',
  },
  {
    name: 'tenants: a mutation does not set the tenant',
    file: `${src}/storage/postgres/transaction/transaction.ts`,
    text: 'if (scope) statements.push(scope)',
    replacement: '',
    killedBy: [{ file: rows, name: 'an update and a delete without a where change only rows of the tenant' }],
    why: 'A mutation would see no rows.',
  },
  {
    name: 'tenants: a rule sees no rows of its tenant',
    file: `${src}/storage/postgres/queries/set-tenant.ts`,
    text: "values: [tenant ?? '']",
    replacement: "values: ['']",
    killedBy: [{ file: rows, name: 'a rule reads the members of all tenants' }],
    why: 'A rule could not read the rows that it decides about.',
  },
  {
    name: 'tenants: an empty tenant is a tenant',
    file: `${src}/kernel/operation/check-caller.ts`,
    text: "if (tenant === '')",
    replacement: 'if (false)',
    killedBy: [{ file: rows, name: 'a caller with an empty tenant is invalid' }],
    why: 'An empty setting means no tenant, so a caller would lose its tenant silently.',
  },
  {
    name: 'tenants: the application role of tests is a superuser',
    file: `${src}/storage/roles/application-role.ts`,
    text: 'login nosuperuser',
    replacement: 'login superuser',
    killedBy: [{ file: start, name: 'a table with policies is accepted' }],
    why: 'Tests would not see that a statement is not limited to its tenant.',
  },
  {
    name: 'tenants: a table need not be forced',
    file: gaps,
    text: 'not (is_enabled and is_forced)',
    replacement: 'not is_enabled',
    killedBy: [{ file: start, name: 'whose owner bypasses its policies' }],
    why: 'A service that owns its tables would see the rows of all tenants.',
  },
  {
    name: 'tenants: a policy may show all rows',
    file: gaps,
    text: "or uncovered <> '{}' or open <> '{}'",
    replacement: "or uncovered <> '{}'",
    killedBy: [{ file: start, name: 'with a policy that shows all rows' }],
    why: 'One permissive policy with `using (true)` opens the table.',
  },
  {
    name: 'tenants: views are not checked through other views',
    file: gaps,
    text: '  where rule.ev_class <> readers.oid',
    replacement: '  where false',
    killedBy: [{ file: start, name: 'a view of a view of a superuser' }],
    why: 'The outer view reads as its owner, to whom no policy applies.',
  },
  {
    name: 'tenants: a job runs without its tenant',
    file: `${src}/effects/jobs/attempt/run-handler.ts`,
    text: 'tenant: row.tenant ?? undefined',
    replacement: 'tenant: undefined',
    killedBy: [{ file: carried, name: 'run as the tenant of its enqueuer' }],
    why: 'A job would see no rows.',
  },
  {
    name: 'tenants: a consumer runs without its tenant',
    file: `${src}/effects/messages/fan-out.ts`,
    text: '{ traceparent, tenant, subjects })',
    replacement: '{ traceparent, subjects })',
    killedBy: [{ file: carried, name: 'a consumer runs as the tenant of the publisher' }],
    why: 'A consumer would see no rows.',
  },
  {
    name: 'tenants: unique keys are shared',
    file: `${src}/effects/jobs/migrations.ts`,
    text: "unique_key, coalesce(tenant, '')) where holds_key",
    replacement: "unique_key, coalesce(null::text, '')) where holds_key",
    killedBy: [{ file: carried, name: 'each tenant has separate unique keys' }],
    why: 'The job of one tenant would replace that of another.',
  },
  {
    name: 'tenants: a job gets messages of other tenants',
    file: `${src}/effects/jobs/queries/waits.ts`,
    text: 'or ${message} = ${job})`',
    replacement: 'or true)`',
    killedBy: [{ file: carried, name: 'a job does not get a message of another tenant that arrives later' }],
    why: 'A payload of one tenant would reach the job of another.',
  },
  {
    name: 'tenants: a replica is read with a role that bypasses policies',
    file: `${src}/storage/replicas/replica.ts`,
    text: 'return primary.hasTenants && bypasses',
    replacement: 'return primary.hasTenants && bypasses && replayed === null',
    killedBy: [
      {
        file: `${src}/storage/replicas/replicas.postgres.test.ts`,
        name: 'sees only the rows of the tenant, and no role bypasses that',
      },
    ],
    why: 'Reads on the replica would return the rows of all tenants.',
  },
  {
    name: 'tenants: BullMQ runs a job without its tenant',
    file: `${src}/brokers/bullmq/queries/job-records.ts`,
    text: 'select id, input, failures, traceparent, tenant,',
    replacement: 'select id, input, failures, traceparent, null as tenant,',
    killedBy: [
      {
        file: `${src}/brokers/bullmq/bullmq-jobs.postgres.test.ts`,
        name: 'run as the tenant of its enqueuer',
      },
    ],
    why: 'A job would see no rows.',
  },
]

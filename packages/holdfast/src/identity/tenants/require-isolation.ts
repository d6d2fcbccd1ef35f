import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { TableGap, TenantGaps, ViewGap } from './queries/find-gaps.ts'
import type { TenantOptions } from './tenant-options.ts'

/**
 * Throws if policies do not separate the rows of tenants. The message has a line for each problem.
 *
 * @throws HoldfastError `tenants-not-separated`.
 */
export function requireIsolation(gaps: TenantGaps, { column }: TenantOptions): void {
  const findings = [
    ...(gaps.bypassing.length > 0 ? [roleFinding(gaps)] : []),
    ...(gaps.hasTables ? [] : [noTables(column)]),
    ...gaps.tables.flatMap((table) => tableFindings(table)),
    ...gaps.views.map(viewFinding),
  ]
  if (findings.length === 0) return
  throw new HoldfastError(
    'tenants-not-separated',
    `The database does not separate its tenants:\n${findings.map((finding) => `- ${finding}`).join('\n')}`,
  )
}

function roleFinding({ role, bypassing: [other] }: TenantGaps): string {
  const reason =
    other === role
      ? 'is a superuser or has BYPASSRLS, so no policy applies to it.'
      : `is a member of "${other}", to which no policy applies.`
  return `The role of DATABASE_URL, "${role}", ${reason} Create a role for the service (create role app login password '…'), set DATABASE_URL to it, and DATABASE_OWNER_URL to the role that owns the tables.`
}

function noTables(column: string): string {
  return `No table that the service can use has a column "${column}". Correct the option \`tenants\` of the database, or add the column to the tables in a migration.`
}

function tableFindings({ name, isEnabled, isForced, uncovered, open }: TableGap): readonly string[] {
  if (!isEnabled && uncovered.length > 0) {
    return [`The table ${name} has no policies. Write them: npx holdfast tenants policies ${name}`]
  }
  return [
    ...(isEnabled ? [] : [`Row security is off: alter table ${name} enable row level security;`]),
    ...(isForced
      ? []
      : [`The owner of the table bypasses its policies: alter table ${name} force row level security;`]),
    ...(uncovered.length > 0
      ? [`The table ${name} has no policy for ${uncovered.join(', ')}. Create one with "for all".`]
      : []),
    ...open.map(
      (policy) =>
        `The policy "${policy}" of ${name} does not compare the tenant of the row with current_setting('holdfast.tenant', true).`,
    ),
  ]
}

function viewFinding({ name, isMaterialized }: ViewGap): string {
  return isMaterialized
    ? `The materialized view ${name} contains rows of all tenants, and has no policies. Revoke the privileges of the service on it, or use a view.`
    : `The view ${name} reads as its owner, to whom no policy applies: alter view ${name} set (security_invoker = true);`
}

import type pg from 'pg'
import type { PlannedStatement } from './framework-statements.fixture.ts'
import { smallTables } from './hostile-tables.fixture.ts'

interface Plan {
  readonly 'Node Type': string
  readonly Schema?: string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Actual Rows'?: number
  readonly 'Actual Loops'?: number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Index Recheck'?: number
  readonly Plans?: readonly Plan[]
}

/**
 * Kind of a prepared statement's plan: made for the given values (custom), or for any values
 * (generic).
 */
export type PlanKind = 'custom' | 'generic'

const defaultReads = 100
// The number of custom plans that Postgres makes before it compares their cost with the generic
// plan's.
const customPlans = 5

/** Prepares a statement under the name `holdfast_plan_<n>`. */
export async function prepare(client: pg.Client, { text }: PlannedStatement, n: number): Promise<void> {
  await client.query(`prepare holdfast_plan_${n} as ${text}`)
}

/**
 * Runs a prepared statement, rolls it back, and describes the nodes of its plan that read more rows
 * than allowed.
 */
export async function faultsOf(
  client: pg.Client,
  statement: PlannedStatement,
  { n, kind }: { readonly n: number; readonly kind: PlanKind },
): Promise<readonly string[]> {
  const isChosen = kind === 'generic' && statement.hasFilters === true
  const execution = executionOf(client, statement, n)
  await client.query(`begin; set local plan_cache_mode = ${isChosen ? 'auto' : `force_${kind}_plan`}`)
  try {
    for (let times = 0; isChosen && times < customPlans; times += 1)
      await client.query(`explain ${execution}`)
    const plan = await explain(client, `explain (analyze, verbose, timing off, format json) ${execution}`)
    return flatten(plan).flatMap((node) => faultOf(node, statement) ?? [])
  } catch (error) {
    throw new Error(`The statement of ${statement.name} failed: ${String(error)}`, { cause: error })
  } finally {
    await client.query('rollback')
  }
}

async function explain(client: pg.Client, text: string): Promise<Plan> {
  const { rows } = await client.query<{ 'QUERY PLAN': readonly [{ readonly Plan: Plan }] }>(text)
  return rows[0]!['QUERY PLAN'][0].Plan
}

function executionOf(client: pg.Client, { values }: PlannedStatement, n: number): string {
  const given = values.map((value) => literalOf(client, value))
  return `execute holdfast_plan_${n}${given.length === 0 ? '' : `(${given.join(', ')})`}`
}

function literalOf(client: pg.Client, value: unknown): string {
  if (value === null || value === undefined) return 'null'
  return client.escapeLiteral(textOf(value))
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return `{${value.map(elementOf).join(',')}}`
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`
  return value instanceof Date ? value.toISOString() : JSON.stringify(value)
}

const elementOf = (value: unknown): string =>
  value === null ? 'null' : `"${textOf(value).replaceAll(/["\\]/g, '\\$&')}"`

const flatten = (plan: Plan): readonly Plan[] => [plan, ...(plan.Plans ?? []).flatMap(flatten)]

/**
 * Returns a description of a node that reads more rows than allowed; `undefined` for any other
 * node.
 */
function faultOf(node: Plan, { reads = defaultReads }: PlannedStatement): string | undefined {
  const { Schema: schema, 'Node Type': type, 'Relation Name': table = '', 'Index Name': index } = node
  // The index scan below the bitmap scan of a table has no schema.
  if (schema !== 'holdfast' || smallTables.has(table) || !type.endsWith('Scan')) return undefined
  const rows =
    (node['Actual Rows'] ?? 0) +
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0)
  const read = Math.round(rows * (node['Actual Loops'] ?? 1))
  return read > reads ? `reads ${read} rows of ${table} by ${index ?? `a ${type}`}` : undefined
}

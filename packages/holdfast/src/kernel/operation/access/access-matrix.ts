import { type AnyAccess, rulesOf } from './access.ts'
import type { CallerKind } from './admits.ts'
import type { Operation } from '../operation.ts'

/**
 * Shows if an access rule admits a kind of caller. `'yes'`: all callers of this kind. `'if'`:
 * depending on the caller, the input or a row. `'no'`: no caller of this kind.
 */
export type MatrixCell = 'yes' | 'if' | 'no'

/** The access of one operation. */
export interface OperationAccess extends Readonly<Record<CallerKind, MatrixCell>> {
  /** The name of the operation in the service. */
  readonly operation: string
  readonly kind: 'query' | 'mutation'
  /** The method and the path. */
  readonly route: string
  /** The access rule, as written in the source. */
  readonly rule: string
  /** The reasons why callers without an identity are admitted. Absent: they are not admitted. */
  readonly publicBecause?: readonly string[]
  /** The scopes that the rule mentions. Absent: none. */
  readonly scopes?: readonly string[]
  /** True if the rule depends on a row. */
  readonly dependsOnRow: boolean
}

/**
 * Returns who may call the operations of a service, sorted by operation: the matrix of
 * `holdfast access`. In a test, compare it with a snapshot, so that every change of access is
 * reviewed. The service need not be running.
 *
 * @example
 * ```ts
 * const matrix = accessMatrix(shop)
 * ```
 */
export function accessMatrix({
  operations,
}: {
  readonly operations: Readonly<Record<string, Operation>>
}): readonly OperationAccess[] {
  return Object.entries(operations)
    .map(([name, operation]) => accessOf(name, operation))
    .sort((a, b) => (a.operation < b.operation ? -1 : 1))
}

function accessOf(name: string, { kind, route, access }: Operation): OperationAccess {
  const rules = rulesOf(access)
  const anonymous = cellOf(access, 'anonymous')
  const reasons = anonymous === 'no' ? [] : rules.flatMap(({ publicBecause }) => publicBecause ?? [])
  const scopes = [...new Set(rules.flatMap((rule) => rule.scopes ?? []))]
  return {
    operation: name,
    kind,
    route: `${route.method} ${route.path}`,
    anonymous,
    user: cellOf(access, 'user'),
    service: cellOf(access, 'service'),
    rule: access.name,
    ...(reasons.length === 0 ? {} : { publicBecause: reasons }),
    ...(scopes.length === 0 ? {} : { scopes }),
    dependsOnRow: access.checksRow === true,
  }
}

const order: readonly MatrixCell[] = ['no', 'if', 'yes']

function cellOf({ admits, combines }: AnyAccess, kind: CallerKind): MatrixCell {
  const parts: MatrixCell[] = []
  if (admits) parts.push(!admits.kinds.includes(kind) ? 'no' : admits.always ? 'yes' : 'if')
  if (combines) {
    const each = combines.rules.map((rule) => cellOf(rule, kind))
    parts.push(order[pick(combines.need)(...each.map((answer) => order.indexOf(answer)))]!)
  }
  // A custom rule of the application: only its code determines the admitted callers.
  if (parts.length === 0) return 'if'
  return order[Math.min(...parts.map((answer) => order.indexOf(answer)))]!
}

function pick(need: 'all' | 'one'): (...values: number[]) => number {
  return need === 'all' ? Math.min : Math.max
}

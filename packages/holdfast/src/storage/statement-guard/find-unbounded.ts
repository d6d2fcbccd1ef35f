import type { JoinExpr, Node, ParseResult, RangeVar, SelectStmt, WithClause } from 'libpg-query'

/** The columns of each table's unique keys, by table name. */
export type UniqueKeys = ReadonlyMap<string, readonly (readonly string[])[]>

/** The names that a SELECT can refer to. */
interface Scope {
  readonly keys: UniqueKeys
  /** The unbounded tables of each common table expression, by its name. */
  readonly common: ReadonlyMap<string, readonly string[]>
}

/** A table that a SELECT reads. */
interface Source {
  /** The name that qualifies the table's columns. */
  readonly alias: string
  readonly table: string
  /** The table's name without the schema, because most statements omit the schema. */
  readonly name: string
}

/** A condition that one column equals an expression. */
interface Equality {
  readonly alias: string | undefined
  readonly column: string
  /** The tables that the expression reads; empty if the expression is a value. */
  readonly from: readonly string[]
  /** The tables whose rows the condition restricts. Default: all. */
  readonly picks?: ReadonlySet<string>
}

/** The result of analyzing a FROM clause, or a part of it. */
interface From {
  readonly sources: readonly Source[]
  readonly equalities: readonly Equality[]
  /** Unbounded tables of subselects and common table expressions in the clause. */
  readonly unbounded: readonly string[]
}

const nothing: From = { sources: [], equalities: [], unbounded: [] }

/**
 * Returns the tables from which a statement may read an unlimited number of rows. Such a statement
 * is a SELECT without LIMIT that neither aggregates into one row nor compares a unique key. Returns
 * an empty list if the statement is bounded, is not a SELECT, or uses constructs that are not
 * analyzed, such as set-returning functions and recursion.
 */
export function findUnbounded({ stmts = [] }: ParseResult, keys: UniqueKeys): readonly string[] {
  return stmts.flatMap(({ stmt }) => unboundedOf(stmt, { keys, common: new Map() }))
}

function unboundedOf(statement: Node | undefined, scope: Scope): readonly string[] {
  return statement && 'SelectStmt' in statement ? [...new Set(unboundedIn(statement.SelectStmt, scope))] : []
}

function unboundedIn(select: SelectStmt, outer: Scope): readonly string[] {
  if (isLimited(select) || isOneRow(select)) return []
  const scope = select.withClause ? scopeWithin(select.withClause, outer) : outer
  if (select.larg && select.rarg)
    return [...unboundedIn(select.larg, scope), ...unboundedIn(select.rarg, scope)]
  const { sources, equalities, unbounded } = merge(
    (select.fromClause ?? []).map((node) => fromOf(node, scope)),
  )
  const wanted = select.whereClause ? equalitiesOf(select.whereClause) : []
  return [...unbounded, ...unboundedAmong(sources, [...equalities, ...wanted], scope.keys)]
}

function scopeWithin({ ctes = [], recursive }: WithClause, { keys, common }: Scope): Scope {
  const within = new Map(common)
  for (const node of ctes) {
    if (!('CommonTableExpr' in node)) continue
    const { ctename = '', ctequery } = node.CommonTableExpr
    if (recursive) within.set(ctename, [])
    within.set(ctename, unboundedOf(ctequery, { keys, common: within }))
  }
  return { keys, common: within }
}

function fromOf(node: Node, scope: Scope): From {
  if ('RangeVar' in node) {
    const { schemaname, relname = '' } = node.RangeVar
    const unbounded = schemaname === undefined ? scope.common.get(relname) : undefined
    return unbounded ? { ...nothing, unbounded } : { ...nothing, sources: [sourceOf(node.RangeVar)] }
  }
  if ('JoinExpr' in node) return joinOf(node.JoinExpr, scope)
  if ('RangeSubselect' in node)
    return { ...nothing, unbounded: unboundedOf(node.RangeSubselect.subquery, scope) }
  return nothing
}

function joinOf({ larg, rarg, jointype, quals, usingClause = [] }: JoinExpr, scope: Scope): From {
  const left = larg ? fromOf(larg, scope) : nothing
  const right = rarg ? fromOf(rarg, scope) : nothing
  const [ofLeft, ofRight] = [aliasesOf(left), aliasesOf(right)]
  const conditions = [
    ...(quals ? equalitiesOf(quals) : []),
    ...usingClause.flatMap((node) => {
      const column = 'String' in node ? (node.String.sval ?? '') : ''
      return [
        { alias: undefined, column, from: ofRight, picks: new Set(ofLeft) },
        { alias: undefined, column, from: ofLeft, picks: new Set(ofRight) },
      ]
    }),
  ]
  // The condition of an outer join does not restrict the side whose rows are all kept.
  const picked = new Set([
    ...(jointype === 'JOIN_INNER' || jointype === 'JOIN_RIGHT' ? ofLeft : []),
    ...(jointype === 'JOIN_INNER' || jointype === 'JOIN_LEFT' ? ofRight : []),
  ])
  const equalities = conditions.map((equality) => ({
    ...equality,
    picks: equality.picks?.intersection(picked) ?? picked,
  }))
  return merge([left, right, { ...nothing, equalities }])
}

function merge(parts: readonly From[]): From {
  return {
    sources: parts.flatMap(({ sources }) => sources),
    equalities: parts.flatMap(({ equalities }) => equalities),
    unbounded: parts.flatMap(({ unbounded }) => unbounded),
  }
}

function aliasesOf({ sources }: From): readonly string[] {
  return sources.map(({ alias }) => alias)
}

/**
 * Returns the tables whose rows are not restricted by a unique key. A unique key restricts the rows
 * of its table if it is compared to values or to columns of bounded tables.
 */
function unboundedAmong(
  sources: readonly Source[],
  equalities: readonly Equality[],
  keys: UniqueKeys,
): readonly string[] {
  const aliases = new Set(sources.map(({ alias }) => alias))
  const bounded = new Set<string>()
  const isBounded = (source: Source): boolean =>
    (keys.get(source.table) ?? keys.get(source.name) ?? []).some((columns) =>
      columns.every((column) =>
        equalities.some(
          ({ column: compared, alias = source.alias, from, picks }) =>
            compared === column &&
            alias === source.alias &&
            (!picks || picks.has(alias)) &&
            from.every((other) => other !== unknown && (bounded.has(other) || !aliases.has(other))),
        ),
      ),
    )
  for (let before = -1; before !== bounded.size;) {
    before = bounded.size
    for (const source of sources) if (isBounded(source)) bounded.add(source.alias)
  }
  return sources.filter(({ alias }) => !bounded.has(alias)).map(({ name }) => name)
}

function sourceOf({ schemaname, relname = '', alias }: RangeVar): Source {
  return {
    alias: alias?.aliasname ?? relname,
    table: schemaname === undefined ? relname : `${schemaname}.${relname}`,
    name: relname,
  }
}

/** Returns whether a SELECT has a limit. `LIMIT ALL` and `LIMIT NULL` do not count. */
function isLimited({ limitCount }: SelectStmt): boolean {
  return limitCount !== undefined && !('A_Const' in limitCount && limitCount.A_Const.isnull === true)
}

/**
 * Returns the equalities that hold for every row that satisfies a condition: those joined by AND.
 */
function equalitiesOf(node: Node): Equality[] {
  if ('BoolExpr' in node) {
    return node.BoolExpr.boolop === 'AND_EXPR' ? (node.BoolExpr.args ?? []).flatMap(equalitiesOf) : []
  }
  if (!('A_Expr' in node)) return []
  const { kind, name, lexpr, rexpr } = node.A_Expr
  const isEquality = ['AEXPR_OP', 'AEXPR_OP_ANY', 'AEXPR_IN'].includes(kind ?? '') && operatorOf(name) === '='
  if (!isEquality || !lexpr || !rexpr) return []
  return [...equalityOf(lexpr, rexpr), ...(kind === 'AEXPR_OP' ? equalityOf(rexpr, lexpr) : [])]
}

function operatorOf(name: readonly Node[] | undefined): string | undefined {
  const last = name?.at(-1)
  return last && 'String' in last ? last.String.sval : undefined
}

function equalityOf(column: Node, value: Node): Equality[] {
  const parts = columnOf(column)
  if (!parts) return []
  return [{ ...parts, from: aliasesIn(value) }]
}

function columnOf(node: Node): { readonly alias: string | undefined; readonly column: string } | undefined {
  if (!('ColumnRef' in node)) return undefined
  const names = (node.ColumnRef.fields ?? []).flatMap((field) =>
    'String' in field ? [field.String.sval ?? ''] : [],
  )
  const column = names.at(-1)
  return column === undefined ? undefined : { alias: names.at(-2), column }
}

/** The placeholder for the unknown table of an unqualified column. */
const unknown = ''

/** Returns the tables whose columns an expression reads. */
function aliasesIn(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(aliasesIn)
  if (typeof node !== 'object' || node === null) return []
  if ('SelectStmt' in node) return []
  if ('ColumnRef' in node) return [columnOf(node as Node)?.alias ?? unknown]
  return Object.values(node).flatMap(aliasesIn)
}

// The built-in functions that aggregate all rows into one value.
const aggregate =
  /^(?:count|sum|avg|min|max|bool_and|bool_or|every|array_agg|string_agg|jsonb?_agg(?:_strict)?|jsonb?_object_agg(?:_\w+)?|bit_(?:and|or|xor)|stddev\w*|var\w*|corr|covar\w*|regr_\w+|percentile_\w+|mode|range_agg|any_value|xmlagg)$/

/** Returns whether a SELECT aggregates all rows into one row. */
function isOneRow({ targetList = [], groupClause = [] }: SelectStmt): boolean {
  return groupClause.length === 0 && targetList.some(hasAggregate)
}

function hasAggregate(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(hasAggregate)
  if (typeof node !== 'object' || node === null) return false
  if ('SelectStmt' in node) return false
  if ('FuncCall' in node) {
    const call = node.FuncCall as { readonly funcname?: readonly Node[]; readonly over?: unknown }
    if (call.over === undefined && aggregate.test(operatorOf(call.funcname) ?? '')) return true
  }
  return Object.values(node).some(hasAggregate)
}

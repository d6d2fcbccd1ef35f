import type { Node, ParseResult, RangeVar, SelectStmt } from 'libpg-query'

/** The columns of each unique key of a table, by the table's name. */
export type UniqueKeys = ReadonlyMap<string, readonly (readonly string[])[]>

/** A table that a SELECT reads. */
interface Source {
  /** What its columns are qualified with. */
  readonly alias: string
  readonly table: string
  /** Without its schema, as most statements name it. */
  readonly name: string
}

/** One column is equal to something. */
interface Equality {
  readonly alias: string | undefined
  readonly column: string
  /** The tables that the something is read from; none where it is a value. */
  readonly from: readonly string[]
}

/**
 * The tables that a statement may read any number of rows of: a SELECT that has no LIMIT, gives no single row of aggregates, and does not
 * compare a unique key. Nothing where it is bounded, is no SELECT, or is beyond what is understood here: what functions give is not judged.
 */
export function findUnbounded({ stmts = [] }: ParseResult, keys: UniqueKeys): readonly string[] {
  return stmts.flatMap(({ stmt }) => (stmt && 'SelectStmt' in stmt ? unboundedOf(stmt.SelectStmt, keys) : []))
}

function unboundedOf(select: SelectStmt, keys: UniqueKeys): readonly string[] {
  if (select.limitCount) return []
  if (select.larg && select.rarg)
    return [...unboundedOf(select.larg, keys), ...unboundedOf(select.rarg, keys)]
  if (isOneRow(select)) return []
  const common = new Map(
    (select.withClause?.ctes ?? []).flatMap((node) =>
      'CommonTableExpr' in node ? [[node.CommonTableExpr.ctename ?? '', node.CommonTableExpr.ctequery]] : [],
    ),
  )
  const sources: Source[] = []
  const unbounded: string[] = []
  const equalities = select.whereClause ? equalitiesOf(select.whereClause) : []

  function take(node: Node): void {
    if ('RangeVar' in node) {
      const query =
        node.RangeVar.schemaname === undefined ? common.get(node.RangeVar.relname ?? '') : undefined
      if (query && 'SelectStmt' in query) unbounded.push(...unboundedOf(query.SelectStmt, keys))
      else if (!query) sources.push(sourceOf(node.RangeVar))
    } else if ('JoinExpr' in node) {
      const { larg, rarg, quals } = node.JoinExpr
      if (larg) take(larg)
      if (rarg) take(rarg)
      if (quals) equalities.push(...equalitiesOf(quals))
    } else if ('RangeSubselect' in node) {
      const { subquery } = node.RangeSubselect
      if (subquery && 'SelectStmt' in subquery) unbounded.push(...unboundedOf(subquery.SelectStmt, keys))
    }
  }
  for (const node of select.fromClause ?? []) take(node)
  return [...unbounded, ...unboundedAmong(sources, equalities, keys)]
}

/** Those of the tables whose rows no unique key picks: by values, or by columns of tables that are bounded themselves. */
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
          (equality) =>
            equality.column === column &&
            (equality.alias ?? source.alias) === source.alias &&
            equality.from.every((alias) => alias !== unknown && (bounded.has(alias) || !aliases.has(alias))),
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

/** What holds for every row that a condition lets through: the equalities that are joined by AND. */
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

/** Stands for the table of a column that names none, which may be any. */
const unknown = ''

/** The tables whose columns an expression reads. */
function aliasesIn(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(aliasesIn)
  if (typeof node !== 'object' || node === null) return []
  if ('SelectStmt' in node) return []
  if ('ColumnRef' in node) return [columnOf(node as Node)?.alias ?? unknown]
  return Object.values(node).flatMap(aliasesIn)
}

// Of the functions that come with Postgres, those that make one value of all rows.
const aggregate =
  /^(?:count|sum|avg|min|max|bool_and|bool_or|every|array_agg|string_agg|jsonb?_agg(?:_strict)?|jsonb?_object_agg(?:_\w+)?|bit_(?:and|or|xor)|stddev\w*|var\w*|corr|covar\w*|regr_\w+|percentile_\w+|mode|range_agg|any_value|xmlagg)$/

/** Whether aggregates without groups make one row of whatever is read. */
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

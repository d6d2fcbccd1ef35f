import fc from 'fast-check'
import { loadModule, type Node, parseSync } from 'libpg-query'
import { beforeAll, describe, expect, test } from 'vitest'
import { checkReadStatement, checkStatement } from './statement.ts'
import { type ControlCommand, shapeOf, StatementShape } from './statement-shape.ts'

beforeAll(() => loadModule())

describe('commands', () => {
  test.each<[string, ControlCommand | undefined]>([
    ['/* a /* b */ c */ commit and chain', { kind: 'transaction' }],
    ['-- a\rcommit', { kind: 'transaction' }],
    [';;/**/END', { kind: 'transaction' }],
    ['start /* */ transaction', { kind: 'transaction' }],
    [`prepare -- a\n transaction 'a'`, { kind: 'transaction' }],
    ['rollback work', { kind: 'transaction' }],
    ['rollback to', { kind: 'unclear' }],
    ['savepoint a', { kind: 'savepoint', name: 'a' }],
    ['/* a */ SavePoint /* b */ A -- c', { kind: 'savepoint', name: 'a' }],
    ['savepoint "A""b";', { kind: 'savepoint', name: 'A"b' }],
    ['savepoint savepoint', { kind: 'savepoint', name: 'savepoint' }],
    ['savepoint a$1', { kind: 'savepoint', name: 'a$1' }],
    [`savepoint ${'a'.repeat(70)}`, { kind: 'savepoint', name: 'a'.repeat(63) }],
    ['release savepoint a', { kind: 'release', name: 'a' }],
    ['release savepoint', { kind: 'release', name: 'savepoint' }],
    ['rollback work to a', { kind: 'rollback', name: 'a' }],
    ['rollback transaction to savepoint "a"', { kind: 'rollback', name: 'a' }],
    ['rollback to savepoint savepoint ;', { kind: 'rollback', name: 'savepoint' }],
    ['savepoint é', { kind: 'unclear' }],
    ['rollback to Holdfast_start', { kind: 'unclear' }],
    ['savepoint U&"a"', { kind: 'unclear' }],
    ['savepoint a; savepoint b', { kind: 'unclear' }],
    ['release a b', { kind: 'unclear' }],
    ['set /* */ local a = 1', undefined],
    ['set local.a = 1', { kind: 'session' }],
    ['set session characteristics as transaction read only', { kind: 'session' }],
    ['prepare a as select 1', { kind: 'session' }],
    ['execute a', { kind: 'session' }],
    [`load 'plpgsql'`, { kind: 'session' }],
    ['do $$ begin commit; end $$', { kind: 'procedure' }],
    ['call a()', { kind: 'procedure' }],
    ['select 1', undefined],
    ['', undefined],
  ])('%j', (text, control) => {
    expect(shapeOf(text).control).toEqual(control)
  })

  test('a command is classified as the Postgres parser classifies it, in any spelling', () => {
    const blank = fc.constantFrom(' ', '\n', '\r', '\v', '/**/', '/* ; /* a */ */', '-- ;\n', '--\r', '\t')
    const word = fc.constantFrom(
      ...`begin start commit end abort prepare execute load rollback savepoint release set reset listen discard deallocate copy call do
        work transaction to local session constraints all and chain no . a A "A" "a" "savepoint" a() = 1 'a' ; ; select from`.split(
        /\s+/,
      ),
    )
    const mixed = fc.tuple(word, fc.boolean()).map(([text, isUpper]) => (isUpper ? text.toUpperCase() : text))
    const text = fc.array(fc.tuple(blank, mixed), { maxLength: 6 }).map((parts) => parts.flat().join(''))
    let accepted = 0
    fc.assert(
      fc.property(text, (sql) => {
        const statement = parsedOf(sql)
        if (!statement) return
        accepted += 1
        const { control } = new StatementShape(sql)
        const expected = controlOf(statement)
        // Unclear commands are rejected. At worst, a valid savepoint command is rejected.
        const isRefused = control?.kind === 'unclear' && expected !== undefined && 'name' in expected
        expect(isRefused ? expected : control).toEqual(expected)
      }),
      { numRuns: 20_000 },
    )
    expect(accepted).toBeGreaterThan(200)
  })
})

/** Returns the statement of a text; `undefined` if the text is not a single statement. */
function parsedOf(sql: string): Node | undefined {
  try {
    const { stmts = [] } = parseSync(sql)
    return stmts.length === 1 ? stmts[0]?.stmt : undefined
  } catch {
    return undefined
  }
}

function controlOf(node: Node): ControlCommand | undefined {
  if ('TransactionStmt' in node) {
    const { kind, savepoint_name: name = '' } = node.TransactionStmt
    if (kind === 'TRANS_STMT_SAVEPOINT') return { kind: 'savepoint', name }
    if (kind === 'TRANS_STMT_RELEASE') return { kind: 'release', name }
    if (kind === 'TRANS_STMT_ROLLBACK_TO') return { kind: 'rollback', name }
    return { kind: 'transaction' }
  }
  if ('VariableSetStmt' in node) {
    const { kind, name, is_local: isLocal } = node.VariableSetStmt
    const isOfTransaction = isLocal === true || (kind === 'VAR_SET_MULTI' && name?.startsWith('TRANSACTION'))
    return isOfTransaction === true ? undefined : { kind: 'session' }
  }
  const kinds = {
    CopyStmt: 'copy',
    CallStmt: 'procedure',
    DoStmt: 'procedure',
    DiscardStmt: 'session',
    DeallocateStmt: 'session',
    ListenStmt: 'session',
    UnlistenStmt: 'session',
    PrepareStmt: 'session',
    ExecuteStmt: 'session',
    LoadStmt: 'session',
  } as const
  for (const [type, kind] of Object.entries(kinds)) if (type in node) return { kind }
  return undefined
}

test.each([
  ['select 1;', true],
  ['; /* why */ With a as (select 1) select * from a', true],
  [`select ';' ; ; -- ; select 2`, true],
  ['select 1; select 2', false],
  ['explain select 1', false],
  ['savepoint a', false],
])('%j has a plan worth keeping: %s', (text, isPlannable) => {
  expect(shapeOf(text).isPlannable).toBe(isPlannable)
})

test.each([
  ['select 1', true],
  ['((select 1) union select 2)', true],
  [`with a as (select 'insert' as "update") select * from a for no key update`, true],
  ['with a as (insert into b values (1)) select 1', false],
  ['with a as (select 1) merge into b using a on true when matched then delete', false],
  ['update a set b = 1', false],
])('%j only reads: %s', (text, isRead) => {
  expect(shapeOf(text).isRead).toBe(isRead)
})

test('the shape of a repeated text is cached, no matter how many others run in between', () => {
  const shape = shapeOf('select 0')
  for (let n = 1; n < 3_000; n += 1) {
    shapeOf(`select ${n}`)
    expect(shapeOf('select 0')).toBe(shape)
  }
})

test.each([
  ['select 1\0; commit', 'statement-invalid'],
  [1 as unknown as string, 'statement-invalid'],
  ['savepoint a; commit', 'savepoint-unclear'],
  ['/* /* */ */ listen a', 'session-changed'],
  ['copy a to stdout', 'copy-refused'],
])('%j is rejected in a handler: %s', (text, code) => {
  expect(() => checkStatement(text, undefined)).toThrow(expect.objectContaining({ code }) as Error)
})

test.each(['savepoint a', 'release a', 'rollback to a', 'call a()', 'do $$ begin commit; end $$', 'commit'])(
  '%j is rejected in a query',
  (text) => {
    const code = 'transaction-control'
    expect(() => checkReadStatement(text, undefined)).toThrow(expect.objectContaining({ code }) as Error)
  },
)

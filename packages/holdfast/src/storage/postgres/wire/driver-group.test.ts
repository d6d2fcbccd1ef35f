import type pg from 'pg'
import { expect, test } from 'vitest'
import type { ConnectionInternals, DriversResult } from '../session/driver-internals.ts'
import { columnTypes } from '../session/column-types.ts'
import { DriverGroup } from './driver-group.ts'
import { OutgoingStatement } from './outgoing-statement.ts'

const connection = { submittedNamedStatements: {} } as ConnectionInternals

/** Returns a group, the outcomes of its statements, and a function that makes the session ready. */
function groupOf(...texts: readonly string[]): {
  group: DriverGroup
  outcomes: unknown[]
  ready: () => void
} {
  const outcomes: unknown[] = []
  let ready = (): void => {}
  const statements = texts.map(
    (text, index) =>
      new OutgoingStatement(
        { text },
        {
          values: undefined,
          receiver: {
            succeed: ({ command }: pg.QueryResult) => void (outcomes[index] = command),
            fail: (error) => void (outcomes[index] = error),
          },
          tooManyRows: () => {},
        },
      ),
  )
  const group = new DriverGroup(statements, {
    types: columnTypes,
    columns: new Map(),
    onceReady: (settle) => void (ready = settle),
  })
  return { group, outcomes, ready: () => ready() }
}

test('an error does not affect the statements before it', () => {
  const { group, outcomes, ready } = groupOf('BEGIN', 'select 1', 'COMMIT')
  const error = Object.assign(new Error('division by zero'), { severity: 'ERROR' })
  group.handleCommandComplete({ text: 'BEGIN' })
  group.handleError(error, connection)
  expect(outcomes).toEqual([])
  ready()
  expect(outcomes).toEqual([
    'BEGIN',
    error,
    expect.objectContaining({ name: 'StatementSkipped', cause: error }),
  ])
})

test('an error after the last statement fails COMMIT', () => {
  const { group, outcomes, ready } = groupOf('select 1', 'COMMIT')
  const error = Object.assign(new Error('terminating connection'), { severity: 'FATAL' })
  group.handleCommandComplete({ text: 'SELECT 1' })
  group.handleCommandComplete({ text: 'COMMIT' })
  group.handleError(error, connection)
  ready()
  expect(outcomes).toEqual(['SELECT', error])
})

test('a lost connection fails every statement, because every outcome is unknown', () => {
  const { group, outcomes } = groupOf('select 1', 'COMMIT')
  const lost = new Error('Connection terminated unexpectedly')
  group.handleCommandComplete({ text: 'SELECT 1' })
  group.handleError(lost, connection)
  expect(outcomes).toEqual([lost, lost])
})

const id: pg.FieldDef = {
  name: 'id',
  tableID: 0,
  columnID: 0,
  dataTypeID: 23,
  dataTypeSize: 4,
  dataTypeModifier: -1,
  format: 'text',
}

test('the columns of a prepared statement are added to its next result without a description', () => {
  const results: pg.QueryResult[] = []
  const columns = new Map<string, DriversResult | undefined>()
  const sent: string[] = []
  const session = {
    stream: { cork() {}, uncork() {} },
    parsedStatements: {},
    submittedNamedStatements: {},
    parse: () => void sent.push('parse'),
    bind: () => void sent.push('bind'),
    describe: () => void sent.push('describe'),
    execute: () => void sent.push('execute'),
    sync: () => void sent.push('sync'),
  } as unknown as ConnectionInternals
  const run = (row: string, receiveColumns: boolean): void => {
    const statement = new OutgoingStatement(
      { text: 'select $1::int as id', name: 'one' },
      { values: [row], receiver: { succeed: (result) => results.push(result), fail() {} }, tooManyRows() {} },
    )
    const group = new DriverGroup([statement], { types: columnTypes, columns, onceReady() {} })
    group.submit(session)
    if (receiveColumns) group.handleRowDescription({ fields: [id] })
    group.handleDataRow({ fields: [row] })
    group.handleCommandComplete({ text: 'SELECT 1' })
    group.handleReadyForQuery()
  }
  run('1', true)
  Object.assign(session.parsedStatements, { one: 'select $1::int as id' })
  run('2', false)
  expect(sent).toEqual(['parse', 'bind', 'describe', 'execute', 'sync', 'bind', 'execute', 'sync'])
  expect(results.map(({ rows, fields }) => ({ rows, fields }))).toEqual([
    { rows: [{ id: 1 }], fields: [id] },
    { rows: [{ id: 2 }], fields: [id] },
  ])
})

test('a result that its receiver does not use stays empty', () => {
  const results: pg.QueryResult[] = []
  const statement = new OutgoingStatement(
    { text: 'reset all; select 1 as id' },
    {
      values: undefined,
      receiver: { succeed: (result) => results.push(result), fail() {} },
      tooManyRows() {},
      discardsResult: true,
    },
  )
  const group = new DriverGroup([statement], { types: columnTypes, columns: new Map(), onceReady() {} })
  group.handleCommandComplete({ text: 'RESET' })
  group.handleRowDescription({ fields: [id] })
  group.handleDataRow({ fields: ['1'] })
  group.handleCommandComplete({ text: 'SELECT 1' })
  group.handleReadyForQuery()
  expect(results).toEqual([expect.objectContaining({ rows: [], fields: [], command: null })])
})

import type pg from 'pg'
import { expect, test } from 'vitest'
import type { ConnectionInternals } from '../session/driver-internals.ts'
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

test('an error leaves the statements before it as they were', () => {
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

test('an error after the last statement is the error of COMMIT', () => {
  const { group, outcomes, ready } = groupOf('select 1', 'COMMIT')
  const error = Object.assign(new Error('terminating connection'), { severity: 'FATAL' })
  group.handleCommandComplete({ text: 'SELECT 1' })
  group.handleCommandComplete({ text: 'COMMIT' })
  group.handleError(error, connection)
  ready()
  expect(outcomes).toEqual(['SELECT', error])
})

test('a lost connection leaves every outcome open', () => {
  const { group, outcomes } = groupOf('select 1', 'COMMIT')
  const lost = new Error('Connection terminated unexpectedly')
  group.handleCommandComplete({ text: 'SELECT 1' })
  group.handleError(lost, connection)
  expect(outcomes).toEqual([lost, lost])
})

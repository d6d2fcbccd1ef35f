import { EventEmitter } from 'node:events'
import type pg from 'pg'
import { expect, test } from 'vitest'
import type { ClientInternals } from '../session/driver-internals.ts'
import type { DriverGroup } from './driver-group.ts'
import { DriverWire } from './driver-wire.ts'
import { OutgoingStatement } from './outgoing-statement.ts'

test('between an error and ReadyForQuery, the state of the transaction is unknown', () => {
  const connection = Object.assign(new EventEmitter(), { submittedNamedStatements: {} })
  let status = 'I'
  let sent: DriverGroup | undefined
  const client = {
    connection,
    getTransactionStatus: () => status,
    query: (group: DriverGroup) => void (sent = group),
  } as unknown as pg.Client & ClientInternals
  const wire = new DriverWire(client)
  const receiver = { succeed() {}, fail() {} }
  wire.send(new OutgoingStatement({ text: 'select 1' }, { values: undefined, receiver, tooManyRows() {} }))
  expect(wire.transactionStatus).toBe('I')
  sent!.handleError(Object.assign(new Error('failed'), { severity: 'ERROR' }), client.connection)
  // The transaction that the group has begun is open, and must be rolled back.
  expect(wire.transactionStatus).toBe(null)
  status = 'E'
  connection.emit('readyForQuery')
  expect(wire.transactionStatus).toBe('E')
})

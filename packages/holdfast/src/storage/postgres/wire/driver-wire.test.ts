import { EventEmitter } from 'node:events'
import type pg from 'pg'
import { expect, test } from 'vitest'
import type { ClientInternals } from '../session/driver-internals.ts'
import type { DriverGroup } from './driver-group.ts'
import { DriverWire } from './driver-wire.ts'
import { OutgoingStatement } from './outgoing-statement.ts'

// A caller reads the transaction status after its statement has failed. Until ReadyForQuery, the
// driver still reports the status from before the group.
test.each(['readyForQuery', 'end'])('a statement that has failed settles at %s', (event) => {
  const connection = Object.assign(new EventEmitter(), { submittedNamedStatements: {} })
  let sent: DriverGroup | undefined
  const client = {
    connection,
    query: (group: DriverGroup) => void (sent = group),
  } as unknown as pg.Client & ClientInternals
  const failures: Error[] = []
  const receiver = { succeed() {}, fail: (error: Error) => void failures.push(error) }
  new DriverWire(client).send(
    new OutgoingStatement({ text: 'select 1' }, { values: undefined, receiver, tooManyRows() {} }),
  )
  const error = Object.assign(new Error('failed'), { severity: 'ERROR' })
  sent!.handleError(error, client.connection)
  expect(failures).toEqual([])
  connection.emit(event)
  expect(failures).toEqual([error])
  expect([connection.listenerCount('readyForQuery'), connection.listenerCount('end')]).toEqual([0, 0])
})

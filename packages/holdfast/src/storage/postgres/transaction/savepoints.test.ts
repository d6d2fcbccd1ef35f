import { expect, test } from 'vitest'
import { Savepoints } from './savepoints.ts'

const moment = { position: 0, isBusy: false }

test('a transaction with an unanswered command is not committed', () => {
  const savepoints = new Savepoints()
  const sent = savepoints.send({ kind: 'savepoint', name: 'a' }, moment)
  expect(() => savepoints.refuseUnclear()).toThrow(expect.objectContaining({ code: 'savepoint-unclear' }))
  savepoints.settle(sent, true)
  expect(() => savepoints.refuseUnclear()).not.toThrow()
})

test('a transaction that was rolled back to an unknown savepoint is not committed', () => {
  const savepoints = new Savepoints()
  savepoints.settle(savepoints.send({ kind: 'rollback', name: 'a' }, moment), false)
  expect(() => savepoints.refuseUnclear()).not.toThrow()
  savepoints.settle(savepoints.send({ kind: 'rollback', name: 'a' }, moment), true)
  expect(() => savepoints.refuseUnclear()).toThrow(expect.objectContaining({ code: 'savepoint-unclear' }))
})

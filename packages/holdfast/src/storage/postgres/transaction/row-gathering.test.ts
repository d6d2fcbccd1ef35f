import { expect, test } from 'vitest'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { Statement } from '../statement/statement.ts'
import { GatheredRows } from './gathered-rows.ts'
import type { HandlerSession } from './handler-session.ts'
import { RowGathering } from './row-gathering.ts'

const late = (): HoldfastError => new HoldfastError('added-late', 'The handler has ended.')

class Names extends RowGathering<string> {
  commits = 0

  add(...names: readonly string[]): void {
    this.gather(names, late)
  }

  announce(): void {
    this.register()
  }

  statements(): readonly Statement[] {
    return [{ text: this.rows.join(' ') }]
  }

  committed(): void {
    this.commits += 1
  }
}

function started() {
  const session = { gathered: new GatheredRows(), isClosed: false }
  const names = new Names(session as unknown as HandlerSession)
  return { session, names, others: new Names(session as unknown as HandlerSession) }
}

test('rows are written in the order in which they were added, and the commit is reported once', () => {
  const { session, names } = started()
  names.add('a')
  names.add('b', 'c')
  expect([names.length, session.gathered.statements()]).toEqual([3, [{ text: 'a b c' }]])
  session.gathered.committed()
  expect(names.commits).toBe(1)
})

test('nothing is written for a gathering without rows, but its commit is reported on request', () => {
  const { session, names, others } = started()
  names.announce()
  names.announce()
  expect([session.gathered.isEmpty, session.gathered.statements()]).toEqual([true, []])
  session.gathered.committed()
  expect([names.commits, others.commits]).toEqual([1, 0])
})

test('rows are removed by their position among all rows of the transaction', () => {
  const { session, names, others } = started()
  names.add('a')
  others.add('x')
  names.add('b')
  others.add('y')
  for (const gathering of [names, others]) gathering.forget(1, 3)
  expect(session.gathered.statements()).toEqual([{ text: 'a' }, { text: 'y' }])
  names.add('c')
  expect(session.gathered.statements()).toEqual([{ text: 'a c' }, { text: 'y' }])
})

test('rows are rejected after the handler has ended', () => {
  const { session, names } = started()
  session.isClosed = true
  expect(() => names.add('a')).toThrow('The handler has ended.')
  expect(names.length).toBe(0)
})

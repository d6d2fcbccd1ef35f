import { expect, test } from 'vitest'
import { withInserts } from './join-inserts.ts'
import type { Statement } from './statement.ts'

const job: Statement = {
  name: 'job',
  text: 'insert into jobs values ($1, $2)',
  values: ['id', 'name'],
  isInsert: true,
}
const subject: Statement = {
  name: 'subject',
  text: 'insert into subjects values ($1)',
  values: ['a'],
  isInsert: true,
}
const message: Statement = {
  name: 'message',
  text: 'with locked as (…) insert into messages',
  values: ['m'],
}
const check: Statement = { name: 'check', text: 'select holds($1, $2)', values: ['marker', 7] }
const other: Statement = { text: 'select 1' }

/** Returns the text of a statement without its indentation. */
const flat = ({ text, ...rest }: Statement): object => ({
  ...rest,
  text: text.replaceAll(/\s+/g, ' ').trim(),
})

test('inserts are joined to the next statement, and their parameters follow its parameters', () => {
  const [joined, ...others] = withInserts([job, subject], [check, other])
  expect(flat(joined!)).toEqual({
    name: 'job_subject_check',
    text: 'with inserted_0 as (insert into jobs values ($3, $4)), inserted_1 as (insert into subjects values ($5)) select holds($1, $2)',
    values: ['marker', 7, 'id', 'name', 'a'],
  })
  expect(others).toEqual([other])
})

test('inserts are joined to a statement that has common table expressions', () => {
  const gone: Statement = {
    text: '\n      with gone as (delete from jobs where id = $1) select',
    values: [3],
  }
  const [joined] = withInserts([subject], [gone])
  expect(flat(joined!)).toEqual({
    name: 'subject',
    text: 'with inserted_0 as (insert into subjects values ($2)), gone as (delete from jobs where id = $1) select',
    values: [3, 'a'],
  })
})

test('a joined text is built once, and reused with other values', () => {
  const [one] = withInserts([job], [check])
  const [two] = withInserts([{ ...job, values: ['x', 'y'] }], [{ ...check, values: ['z', 0] }])
  expect(two!.text).toBe(one!.text)
  expect(two!.values).toEqual(['z', 0, 'x', 'y'])
  expect(withInserts([subject], [check])[0]!.text).not.toBe(one!.text)
})

test('other statements stay as they are, before the joined one', () => {
  expect(withInserts([message], [check])).toEqual([message, check])
  const [first, joined] = withInserts([job, message], [check])
  expect(first).toBe(message)
  expect(joined!.values).toEqual(['marker', 7, 'id', 'name'])
  expect(withInserts([job, message], [])).toEqual([job, message])
})

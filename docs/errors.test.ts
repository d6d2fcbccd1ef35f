import { holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { findErrorCodes } from './testing/error-codes.ts'
import { readPages } from './testing/page.ts'

const pages = await readPages()
const { text } = pages.find(({ name }) => name === 'errors')!

test('errors.md lists every error code, and no other', async () => {
  const { codes, unknown } = await findErrorCodes()
  expect(unknown).toEqual([])
  const documented = [...text.matchAll(/^### `([a-z-]+)`$/gm)].map(([, code]) => String(code))
  expect(documented.toSorted()).toEqual([...codes].toSorted())
})

test('errors.md lists every problem of the framework with its status, and no other', async () => {
  const { service } = holdfast({ database: postgres() })
  await using tested = await createTestService(service({ name: 'problems-of-the-framework', operations: {} }))
  const problems = [...tested.running.problems.values()].map(({ code, status }) => `${code} ${status}`)
  const documented = [...text.matchAll(/^\| `([a-z-]+)` +\| (\d{3}) /gm)].map(
    ([, code, status]) => `${code} ${status}`,
  )
  expect(documented.toSorted()).toEqual(problems.toSorted())
})

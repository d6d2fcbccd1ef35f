import { expect, test } from 'vitest'
import { createLoad } from './load.ts'
import { createMany, type RelationContext } from './relation.ts'

const context = {} as RelationContext<unknown, unknown>

test('a row with a null key is reported as not requested', async () => {
  const relation = createMany(
    {
      rows: (_context: RelationContext<unknown>, _keys: readonly number[]) => [{ id: null }],
      key: (row) => row.id as unknown as number,
    },
    'here',
  )
  const load = createLoad(context, { isReadOnly: true })
  await expect(load(relation, 1)).rejects.toMatchObject({
    code: 'relation-row-unexpected',
    message: expect.stringContaining('the key null,') as string,
  })
})

test.each([null, undefined])('a load with a key that is %s rejects, and names the relation', async (key) => {
  const relation = createMany(
    { rows: (_context: RelationContext<unknown>, _keys: readonly number[]) => [], key: () => 1 },
    'here',
  )
  const load = createLoad(context, { isReadOnly: true })
  await expect((async () => load(relation, key as unknown as number))()).rejects.toMatchObject({
    code: 'relation-key-missing',
    message: expect.stringContaining('here') as string,
  })
  const begun = (): unknown => load(relation, key as unknown as number).catch(() => undefined)
  expect(begun).not.toThrow()
})

test('after a failed read, the next read does not request the key twice', async () => {
  const reads: (readonly number[])[] = []
  const first = Promise.withResolvers<{ id: number }[]>()
  const relation = createMany(
    {
      rows: (_context: RelationContext<unknown>, keys: readonly number[]) => {
        reads.push(keys)
        return reads.length === 1 ? first.promise : []
      },
      key: (row: { id: number }) => row.id,
    },
    'here',
  )
  const load = createLoad(context, { isReadOnly: false })
  const failing = load(relation, 1)
  await expect.poll(() => reads).toHaveLength(1)
  first.reject(new Error('lost'))
  const again: Promise<unknown>[] = []
  again.push(load(relation, 1))
  await expect(failing).rejects.toThrow('lost')
  again.push(load(relation, 1))
  await Promise.all(again)
  expect(reads.every((keys) => new Set(keys).size === keys.length)).toBe(true)
})

test.for([0, -1, 1.5, Number.NaN])(
  'a relation with maxBatch %s is rejected where it is defined',
  (maxBatch) => {
    const rows = (): { id: number }[] => []
    expect(() => createMany({ rows, key: ({ id }) => id, maxBatch }, 'here')).toThrow(
      expect.objectContaining({
        code: 'relation-invalid',
        message: expect.stringContaining(`${maxBatch}`) as string,
      }),
    )
  },
)

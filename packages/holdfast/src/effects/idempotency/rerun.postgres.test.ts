import { anyone, holdfast } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTestService } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

const { mutation, service } = holdfast({ database: postgres() })

let runs: Record<string, unknown>[] = []
let check: () => boolean | Promise<boolean> = () => true

/** A mutation that fails with a conflict the first time, and mutates its input. */
const change = mutation({
  route: 'POST /change',
  access: anyone('a test'),
  idempotency: { optional: 'a test' },
  input: z.object({ value: z.any() }).refine(() => check()),
  deadline: '1s',
  async run({ input, db }) {
    const value = input.value as Record<string, unknown>
    runs.push({ ...value })
    value['added'] = true
    if (runs.length === 1) await db.query(sql`do $$ begin raise exception using errcode = '40001'; end $$`)
  },
})
const tested = service({ name: 'rerun', operations: { change } })

describe('retries of a mutation', () => {
  test.each([
    ['with', 'key-1'],
    ['without', null],
  ])('a mutation that is retried gets the original input unchanged (%s a key)', async (_how, key) => {
    runs = []
    await using running = await createTestService(tested)
    const response = await running.fetch('/change', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key === null ? {} : { 'idempotency-key': key }) },
      body: '{"value":{"b":-0,"a":2}}',
    })
    expect(response.status).toBe(204)
    expect(runs).toEqual([
      { b: -0, a: 2 },
      { b: -0, a: 2 },
    ])
    expect(runs.map((value) => Object.keys(value))).toEqual([
      ['b', 'a'],
      ['b', 'a'],
    ])
  })

  test('a mutation that is retried gets the original input unchanged without a transport', async () => {
    runs = []
    await using running = await createTestService(tested)
    const { status } = await running.send('change', { value: { b: 1, a: 2 } })
    expect(status).toBe(204)
    expect(runs).toEqual([
      { b: 1, a: 2 },
      { b: 1, a: 2 },
    ])
  })

  test('a mutation that is retried stops reading its input at its deadline', async () => {
    runs = []
    check = () => (runs.length === 0 ? true : new Promise(() => {}))
    try {
      await using running = await createTestService(tested)
      const answer = await running.send('change', { value: {} })
      expect(answer.status).toBe(504)
      expect(runs).toHaveLength(1)
    } finally {
      check = () => true
    }
  })
})

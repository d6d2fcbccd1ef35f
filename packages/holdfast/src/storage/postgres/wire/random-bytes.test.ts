import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameReader } from './frame-reader.ts'
import {
  message,
  parsed,
  bound,
  ready,
  complete,
  described,
  row,
  text,
  answer,
  Wired,
} from './wired.fixture.ts'

/** The number of runs of each test. To run more: `FUZZ_RUNS=100000 npm test random-bytes`. */
const runs = process.env['FUZZ_RUNS']
const atLeast = (numRuns: number) => ({ numRuns: runs === undefined ? numRuns : Number(runs) })

test('random rows are read as they were sent, wherever the bytes are split', () => {
  const value = fc.option(fc.string({ unit: 'binary', maxLength: 300 }))
  const table = fc
    .integer({ min: 1, max: 6 })
    .chain((width) =>
      fc.array(fc.array(value, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 20 }),
    )
  fc.assert(
    fc.property(table, fc.array(fc.nat(), { maxLength: 30 }), (sent, cuts) => {
      const columns = Object.fromEntries(sent[0]!.map((_value, index) => [`c${index}`, text]))
      const bytes = Buffer.concat([
        parsed,
        bound,
        described(columns),
        ...sent.map((values) => row(...values)),
        complete(`SELECT ${sent.length}`),
        ready('I'),
      ])
      const wired = new Wired()
      wired.send('select', { rowMode: 'array' })
      wired.read(bytes, cuts)
      // The text passes through UTF-8, as from a server: UTF-8 cannot represent an unpaired
      // surrogate.
      const expected = sent.map((values) => values.map((each) => each && Buffer.from(each).toString()))
      expect(wired.outcomes).toMatchObject([{ rows: expected, rowCount: sent.length }])
    }),
    atLeast(100),
  )
})

test('the same random messages result in the same frames, wherever the bytes are split', () => {
  const frames = fc.array(
    fc.record({
      type: fc.constantFrom(...Array.from('DTENAZCISn123')),
      body: fc.uint8Array({ maxLength: 200 }),
    }),
  )
  fc.assert(
    fc.property(frames, fc.array(fc.nat(), { maxLength: 40 }), (sent, cuts) => {
      const bytes = Buffer.concat(sent.map(({ type, body }) => message(type, Buffer.from(body))))
      const seen: string[] = []
      const reader = new FrameReader((chunk, start, end) => seen.push(chunk.toString('latin1', start, end)))
      let from = 0
      for (const to of cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b)) {
        reader.read(bytes.subarray(from, to))
        from = Math.max(from, to)
      }
      reader.read(bytes.subarray(from))
      expect(seen.join('')).toBe(bytes.toString('latin1'))
      expect(seen).toHaveLength(sent.length)
    }),
    atLeast(100),
  )
})

test('random bytes end the connection with an error, or form the start of a message of limited length', () => {
  const garbage = fc.array(fc.uint8Array({ minLength: 1, maxLength: 2_000 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(garbage, (chunks) => {
      const wired = new Wired()
      wired.send('select')
      let total = 0
      for (const chunk of chunks) {
        wired.wire.read(Buffer.from(chunk))
        total += chunk.length
      }
      // The end of the session settles the open statements, as with the driver.
      wired.wire.end(new Error('Connection terminated unexpectedly'))
      expect(wired.outcomes[0]).toBeInstanceOf(Error)
      expect(total).toBeLessThan(50_000)
    }),
    atLeast(500),
  )
})

test('random changes to a valid answer never hang a statement', () => {
  const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) })
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(), (changes, cut) => {
      const bytes = Buffer.from(answer)
      for (const { at, byte } of changes) bytes[at % bytes.length] = byte
      const wired = new Wired()
      wired.send('select')
      wired.read(bytes, [cut])
      if (wired.outcomes[0] === 'open') wired.wire.end(new Error('Connection terminated unexpectedly'))
      expect(wired.outcomes[0]).not.toBe('open')
    }),
    atLeast(1_000),
  )
})

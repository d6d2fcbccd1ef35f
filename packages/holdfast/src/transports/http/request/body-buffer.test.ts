import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BodyBuffer } from './body-buffer.ts'

const chunksOfBody = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 40 })

test('a body consists of its chunks, which are left unchanged', () => {
  fc.assert(
    fc.property(chunksOfBody, (chunks) => {
      const expected = chunks.flatMap((chunk) => [...chunk])
      const content = new BodyBuffer(expected.length)
      for (const chunk of chunks) content.add(chunk)
      expect([...content.bytes()]).toEqual(expected)
      expect(chunks.flatMap((chunk) => [...chunk])).toEqual(expected)
    }),
  )
})

test('a body in small chunks uses at most twice its length, and never more than the limit', () => {
  const content = new BodyBuffer(50_000)
  for (let count = 0; count < 1_000; count += 1) content.add(new Uint8Array(10))
  expect(content.bytes().buffer.byteLength).toBe(16_384)
  content.add(new Uint8Array(10_000))
  expect(content.bytes().buffer.byteLength).toBe(32_768)
  content.add(new Uint8Array(20_000))
  expect(content.bytes().buffer.byteLength).toBe(50_000)
})

test('a body of one chunk is that chunk, without a copy', () => {
  const chunk = Uint8Array.of(1, 2, 3)
  const content = new BodyBuffer(3)
  content.add(chunk)
  expect(content.bytes().buffer).toBe(chunk.buffer)
})

test('chunks without bytes are counted', () => {
  const content = new BodyBuffer(64)
  for (let count = 0; count < 1_025; count += 1) content.add(new Uint8Array())
  expect(() => content.add(new Uint8Array())).toThrow('too many small chunks')
})

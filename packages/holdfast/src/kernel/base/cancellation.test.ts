import { describe, expect, test } from 'vitest'
import { type Cancellation, CancellationSource, abortable } from './cancellation.ts'

describe('a cancellation', () => {
  test('a cancellation calls each listener once, with the first reason', () => {
    const source = new CancellationSource()
    const told: string[] = []
    const listener = (): void => void told.push(String(source.reason))
    source.addEventListener('abort', listener)
    expect(source.aborted).toBe(false)
    source.cancel('first')
    source.cancel('second')
    expect(told).toEqual(['first'])
    expect(() => source.throwIfAborted()).toThrow('first')
  })

  test('a cancellation does not call a listener that was removed', () => {
    const source = new CancellationSource()
    const told: string[] = []
    const leaver = (): void => void told.push('the one who left')
    source.addEventListener('abort', leaver)
    source.addEventListener('abort', () => void told.push('the other'))
    source.removeEventListener('abort', leaver)
    source.cancel('over')
    expect(told).toEqual(['the other'])
  })

  test.each(['before', 'after'])(
    'the AbortSignal of a cancellation may be read %s it is cancelled',
    (when) => {
      const source = new CancellationSource()
      const early = when === 'before' ? source.signal : undefined
      source.cancel('over')
      const { signal } = source
      expect([signal.aborted, signal.reason]).toEqual([true, 'over'])
      expect(early ?? signal).toBe(signal)
    },
  )
})

describe.each([
  ['of a source', () => new CancellationSource()],
  ['of the platform', () => new AbortController()],
])('waiting until a cancellation %s', (_name, make) => {
  const cancel = (controller: CancellationSource | AbortController, reason: string): void => {
    if (controller instanceof CancellationSource) controller.cancel(reason)
    else controller.abort(reason)
  }
  const of = (controller: CancellationSource | AbortController): Cancellation =>
    controller instanceof CancellationSource ? controller : controller.signal

  test('abortable work returns its result', async () => {
    expect(await abortable(Promise.resolve(1), of(make()))).toBe(1)
    await expect(abortable(Promise.reject(new TypeError('broken')), of(make()))).rejects.toThrow('broken')
  })

  test('abortable work rejects with the reason of its cancellation, and disposes of a late result', async () => {
    const controller = make()
    const { promise, resolve } = Promise.withResolvers<number>()
    const late: unknown[] = []
    const waiting = abortable(promise, of(controller), (outcome) => late.push(outcome))
    cancel(controller, 'over')
    await expect(waiting).rejects.toBe('over')
    resolve(2)
    await promise
    expect(late).toEqual([{ status: 'fulfilled', value: 2 }])
  })

  test('abortable work does not start if it is already cancelled', async () => {
    const controller = make()
    cancel(controller, 'over')
    await expect(abortable(new Promise(() => {}), of(controller))).rejects.toBe('over')
  })
})

import { mkdtempSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from 'holdfast/testing'
import { expect, onTestFinished, test } from 'vitest'
import { startMain } from './child.fixture.ts'

test('a process that is killed leaves its compile cache', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-compile-cache-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const child = startMain({ NODE_COMPILE_CACHE: folder })
  await child.url
  const entries = (): readonly string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
  await until(() => entries().length > 0, { what: 'the compile cache of a running process' })
  child.process.kill('SIGKILL')
  expect(await child.ended).toBe('SIGKILL')
  expect(entries()).not.toEqual([])
})

import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const fastStart = new URL('../../fast-start.ts', import.meta.url).href

test('keeps the cache in the node_modules folder of the program', async () => {
  const project = makeProject()
  const folder = join(project.packages, '.cache/holdfast/compile')
  expect(await project.run()).toContain(folder)
  expect(existsSync(folder)).toBe(true)
})

test('does not move a cache that the program already has', async () => {
  const project = makeProject()
  const own = join(project.folder, 'own')
  expect(await project.run({ NODE_COMPILE_CACHE: own })).toContain(own)
  expect(existsSync(join(project.packages, '.cache'))).toBe(false)
})

test.each([
  ['a variable disables the cache', { NODE_DISABLE_COMPILE_CACHE: '1' }],
  ['coverage is measured', { NODE_V8_COVERAGE: join(tmpdir(), 'holdfast-coverage') }],
])('keeps no cache if %s', async (_, env) => {
  const project = makeProject()
  expect(await project.run(env)).toBe('')
  expect(existsSync(join(project.packages, '.cache'))).toBe(false)
})

test('keeps no cache if the node_modules folder is not writable', async () => {
  const project = makeProject()
  // A file has the name of the folder, so not even root can create the folder.
  writeFileSync(join(project.packages, '.cache'), '')
  expect(await project.run()).toBe('')
})

test('keeps no cache for a program without packages', async () => {
  const project = makeProject()
  await rm(project.packages, { recursive: true })
  expect(await project.run()).toBe('')
})

interface Project {
  readonly folder: string
  /** Its `node_modules`. */
  readonly packages: string
  /**
   * Runs the main file of the project. Returns the folder of its compile cache; `''` if it has no
   * cache.
   */
  run(env?: Readonly<Record<string, string>>): Promise<string>
}

function makeProject(): Project {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-compile-cache-')))
  onTestFinished(() => rm(folder, { recursive: true }))
  const packages = join(folder, 'node_modules')
  mkdirSync(packages)
  mkdirSync(join(folder, 'src'))
  const main = join(folder, 'src/main.mjs')
  writeFileSync(main, 'import module from "node:module"\nconsole.log(module.getCompileCacheDir() ?? "")')
  return {
    folder,
    packages,
    async run(env = {}) {
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', fastStart, main], {
        env: { PATH: process.env['PATH'], ...env },
      })
      return stdout.trim()
    },
  }
}

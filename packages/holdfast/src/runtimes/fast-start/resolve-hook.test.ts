import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { ResolveHookContext } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { resolveHook } from './resolve-hook.ts'

type NextResolve = Parameters<typeof resolveHook>[2]

const fastStart = new URL('../../fast-start.ts', import.meta.url).href
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-fast-start-')))
const packages = join(folder, 'node_modules')
afterAll(() => rm(folder, { recursive: true }))

const url = 'export default import.meta.url'
write({
  'modules/package.json': '{ "type": "module", "exports": "./index.js" }',
  'modules/index.js':
    'export const load = (specifier, options) => import(specifier, options)\nexport { createRequire } from "node:module"',
  'modules/part.js': url,
  'modules/deep/part.js': url,
  'modules/common.cjs': 'module.exports = __filename',
  'modules/data.json': '{ "is": "data" }',
  'modules/binary.node': 'not a binary',
  'modules/module.mjs': url,
  'modules/broken.js': 'export default (',
  'modules/imports-missing.js': 'import "./missing.js"',
  'modules/a b.js': url,
  'modules/commonjs/package.json': '{ "type": "commonjs" }',
  'modules/commonjs/part.js': 'module.exports = __filename',
  'modules/commonjs/deep/part.js': 'module.exports = __filename',
  'modules/untyped/package.json': '{}',
  'modules/untyped/part.js': 'module.exports = __filename',
  'modules/untyped/module.js': url,
  'modules/invalid/package.json': '{ "type": "module"',
  'modules/invalid/part.js': url,
  'modules/folder.js/part.js': url,
  'modules/node_modules/inner/part.js': 'module.exports = __filename',
  'commonjs/package.json': '{}',
  'commonjs/part.js': 'module.exports = __filename',
  'common-to-module/package.json': '{}',
})
symlinkSync('part.js', join(packages, 'modules/link.js'))
symlinkSync('deep', join(packages, 'modules/linked'))

const fast = ['./part.js', './deep/part.js', './deep/../part.js', '../modules/part.js', './broken.js']
const leftToNode = [
  './common.cjs',
  './data.json',
  './binary.node',
  './module.mjs',
  './missing.js',
  './part',
  './part.js?query',
  './part.js#hash',
  './part.js?query=.js',
  './a%20b.js',
  './deep%2Fpart.js',
  './part.js/',
  './deep',
  './folder.js',
  './part.js/part.js',
  './commonjs/part.js',
  './commonjs/deep/part.js',
  './untyped/part.js',
  './untyped/module.js',
  './invalid/part.js',
  './link.js',
  './linked/part.js',
  './node_modules/inner/part.js',
  '../commonjs/part.js',
  '/part.js',
  'modules',
  'missing',
  'node:path',
]

describe('the hook', () => {
  test.each(fast)('resolves %s', (specifier) => {
    expect(resolve(specifier)).toEqual({
      url: new URL(specifier, parentURL).href,
      format: 'module',
      shortCircuit: true,
    })
  })

  test.each(leftToNode)('leaves %s to Node', (specifier) => {
    expect(resolve(specifier)).toBe('left to Node')
  })

  test('resolves an import of a package once per importing folder', () => {
    const nextResolve = vi.fn<NextResolve>(() => ({ url: 'file:///zod.js', format: 'module' }))
    const resolveFrom = (parent: string, specifier = 'zod', conditions = ['node', 'import']): unknown =>
      resolveHook(
        specifier,
        { parentURL: new URL(parent, parentURL).href, conditions, importAttributes: {} },
        nextResolve,
      )
    expect(resolveFrom('./one.js')).toEqual({ url: 'file:///zod.js', format: 'module' })
    expect(resolveFrom('./two.js')).toEqual({ url: 'file:///zod.js', format: 'module', shortCircuit: true })
    expect(nextResolve).toHaveBeenCalledTimes(1)
    resolveFrom('./deep/one.js')
    resolveFrom('./one.js', 'zod/mini')
    resolveFrom('./one.js', 'zod', ['node', 'import', 'development'])
    expect(nextResolve).toHaveBeenCalledTimes(4)
  })

  test('does not keep a failure, or a format that depends on the content of the file', () => {
    const context = { parentURL, conditions: ['node', 'import'], importAttributes: {} }
    const nextResolve = vi.fn<NextResolve>(() => ({ url: 'file:///untyped.js' }))
    for (const _ of [1, 2]) resolveHook('untyped', context, nextResolve)
    expect(nextResolve).toHaveBeenCalledTimes(2)
    nextResolve.mockImplementation(() => {
      throw new Error('not found')
    })
    for (const _ of [1, 2]) expect(() => resolveHook('not-there', context, nextResolve)).toThrow('not found')
  })

  test.each([
    ['an import of the main file', { parentURL: undefined }],
    ['an import of a module that is not a file', { parentURL: 'data:text/javascript,0' }],
    ['a call of require', { conditions: ['node', 'require'] }],
    ['an import with attributes', { importAttributes: { type: 'json' } }],
  ])('leaves %s to Node', (_, context) => {
    expect(resolve('./part.js', context)).toBe('left to Node')
  })
})

// All specifiers are imported in one process, because starting a process is slow.
test('a program that preloads the hook imports the same modules, and fails with the same errors', async () => {
  const [plain, preloaded] = await Promise.all([importAll([]), importAll(['--import', fastStart])])
  expect(preloaded).toEqual(plain)
  expect(Object.keys(preloaded)).toHaveLength(fast.length + leftToNode.length + 4)
  expect(preloaded).toMatchObject({
    './part.js': { default: pathToFileURL(join(packages, 'modules/part.js')).href },
    './link.js': { default: pathToFileURL(join(packages, 'modules/part.js')).href },
    './commonjs/part.js': { default: join(packages, 'modules/commonjs/part.js') },
    './missing.js': { code: 'ERR_MODULE_NOT_FOUND' },
    './imports-missing.js': { code: 'ERR_MODULE_NOT_FOUND' },
  })
})

const parentURL = pathToFileURL(join(packages, 'modules/index.js')).href

function resolve(specifier: string, context: Partial<ResolveHookContext> = {}): unknown {
  const complete = { parentURL, conditions: ['node', 'import'], importAttributes: {}, ...context }
  return resolveHook(specifier, complete as ResolveHookContext, () => 'left to Node' as never)
}

/** Imports all specifiers in a new process. Returns what each of them exports or fails with. */
async function importAll(options: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const main = join(folder, 'main.mjs')
  const specifiers = [...fast, ...leftToNode, './imports-missing.js']
  writeFileSync(
    main,
    `
    import { createRequire, load } from 'modules'
    const results = {}
    async function note(name, action) {
      try {
        const { ...exported } = await action()
        results[name] = exported
      } catch ({ name: type, code, message, url }) {
        results[name] = { type, code, message, url }
      }
    }
    for (const specifier of ${JSON.stringify(specifiers)}) {
      if (specifier !== 'node:path') await note(specifier, () => load(specifier))
    }
    await note('node:path', async () => ({ found: typeof (await load('node:path')).join }))
    await note('json', () => load('./data.json', { with: { type: 'json' } }))
    await note('wrong type', () => load('./deep/part.js', { with: { type: 'json' } }))
    const require = createRequire(${JSON.stringify(parentURL)})
    await note('require', () => ({ ...require('./part.js') }))
    console.log(JSON.stringify(results))
  `,
  )
  const { stdout } = await promisify(execFile)(process.execPath, [...options, main], {
    env: { PATH: process.env['PATH'], NODE_DISABLE_COMPILE_CACHE: '1' },
  })
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>
}

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(packages, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
}

import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { consumerProject, type Manifest } from './consumer-project.ts'
import { nodeBinary, oldestNodes } from './oldest-nodes.ts'
import { type CommandResult, runCommand } from './run-command.ts'

const root = resolve(import.meta.dirname, '..')
const manifest = readJson<Manifest>(join(root, 'packages/holdfast/package.json'))
const entries = Object.keys(manifest.exports).filter((subpath) => subpath !== './package.json')

/**
 * The project of a user. It is outside the repository, so that no part of the workspace is found by
 * accident.
 */
const consumer = mkdtempSync(join(tmpdir(), 'holdfast-consumer-'))
const inConsumer = { cwd: consumer, env: { NODE_ENV: undefined, NODE_OPTIONS: undefined } }
// The limit for a hanging command. A test's result does not depend on the duration of a command.
const limitMs = 1_800_000
let tarball: string

beforeAll(async () => {
  succeeded(await runCommand(['npm', 'run', '--silent', 'build']))
  succeeded(
    await runCommand([
      'npm',
      'pack',
      '--ignore-scripts',
      '--workspace=holdfast',
      `--pack-destination=${consumer}`,
    ]),
  )
  tarball = join(
    consumer,
    readdirSync(consumer).find((file) => file.endsWith('.tgz'))!,
  )
  // The types of Node are those of the oldest Node.
  const project = consumerProject(manifest, { tarball, nodeTypes: oldestNodes[0] })
  writeJson('package.json', project.manifest)
  writeJson('package-lock.json', project.lock)
  writeJson('tsconfig.json', {
    compilerOptions: { target: 'es2024', module: 'nodenext', strict: true, noEmit: true, types: ['node'] },
    exclude: ['sources'],
  })
  writeJson('tsconfig.sources.json', {
    extends: './tsconfig.json',
    // Browser types are excluded, because they would let the check accept APIs that Node lacks.
    compilerOptions: {
      lib: ['es2025', 'esnext.disposable'],
      allowImportingTsExtensions: true,
      skipLibCheck: true,
    },
    include: ['sources'],
    exclude: [],
  })
  const imports = entries.map((subpath, n) => `import * as entry${n} from 'holdfast${subpath.slice(1)}'`)
  const names = entries.map((subpath, n) => `  '${subpath}': Object.keys(entry${n}),`)
  writeFileSync(
    join(consumer, 'entries.ts'),
    [...imports, 'console.log(JSON.stringify({', ...names, '}))', ''].join('\n'),
  )
  cpSync(join(root, 'checks/consumer'), consumer, { recursive: true })
  const install = ['npm', 'install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund']
  succeeded(await runCommand(install, inConsumer))
  cpSync(join(consumer, 'node_modules/holdfast/src'), join(consumer, 'sources/holdfast'), { recursive: true })
  cpSync(join(root, 'packages/cli/src'), join(consumer, 'sources/cli'), {
    recursive: true,
    filter: (file) => !/\.(?:test|fixture)\./.test(file),
  })
}, limitMs)

afterAll(() => rm(consumer, { recursive: true }), limitMs)

test('all entries are exported in the same way', () => {
  for (const subpath of entries) {
    const name = subpath === '.' ? 'index' : subpath.slice('./'.length).replaceAll('/', '-')
    expect(manifest.exports[subpath]).toEqual({
      'holdfast:source': `./src/${name}.ts`,
      types: `./dist/${name}.d.ts`,
      default: `./dist/${name}.js`,
    })
  }
})

// attw takes a second of CPU time for each entry, and all entries are exported in the same way.
test.each([
  ['publint', ['run', '--strict']],
  ['attw', ['--profile', 'esm-only', '--entrypoints', '.']],
] as const)(
  '%s finds no fault in the package',
  async (program, options) => {
    succeeded(await runCommand([program, tarball, ...options]))
  },
  limitMs,
)

describe.each([...oldestNodes, 'current'])('on Node %s', (version) => {
  let node = 'node'
  beforeAll(async () => {
    if (version !== 'current') node = await nodeBinary(version)
  }, limitMs)

  test('every entry can be imported, and exports something', async () => {
    const { stdout } = succeeded(await runCommand([node, 'entries.ts'], inConsumer))
    const exported = JSON.parse(stdout) as Record<string, readonly string[]>
    expect(Object.keys(exported)).toEqual(entries)
    for (const subpath of entries) expect(exported[subpath], subpath).not.toEqual([])
  })

  // The hooks of fast-start differ between the versions of Node. Without fast-start, only the
  // oldest version is tried.
  const runs = [
    { title: 'a service that preloads fast-start runs', options: ['--import', 'holdfast/fast-start'] },
    ...(version === oldestNodes[0] ? [{ title: 'a service that uses it runs', options: [] }] : []),
  ]
  test.each(runs)('$title', async ({ options }) => {
    const { stdout } = succeeded(await runCommand([node, ...options, 'main.ts'], inConsumer))
    expect(stdout.split('\n')).toEqual([
      '201 true true',
      'beats',
      'welcomed 1, told of 1',
      '{"items":[{"id":1,"text":"over HTTP"}]}',
      '',
    ])
  })
})

test('the sources in the package use no syntax that the oldest Node does not have', async () => {
  const { exitCode, stdout } = await runCommand(
    ['tsc', '--checkers', '1', '--pretty', 'false', '--project', 'tsconfig.sources.json'],
    inConsumer,
  )
  expect([exitCode, stdout]).toEqual([0, ''])
})

test(
  'the declarations in the package are complete, and a service that uses the package type-checks',
  async () => {
    const { stdout } = await runCommand(['tsc', '--checkers', '1', '--pretty', 'false'], inConsumer)
    const errors = stdout.split('\n').filter((line) => line.includes('error TS'))
    // Errors in declarations of other packages are ignored, because some packages import
    // uninstalled peers.
    expect(errors.filter((line) => !/^node_modules\/(?!holdfast\/)/.test(line))).toEqual([])
  },
  limitMs,
)

test('a service loads neither undici nor TLS before it needs them', async () => {
  const used = ['', '/node', '/postgres', '/drizzle', '/webhooks', '/erasure'].map(
    (name) => `holdfast${name}`,
  )
  const program = `
    for (const name of ${JSON.stringify(used)}) await import(name)
    console.log(process.moduleLoadList.filter((name) => /undici|NativeModule https/.test(name)).length)`
  const { stdout } = succeeded(
    await runCommand(['node', '--input-type=module', '--eval', program], inConsumer),
  )
  expect(stdout.trim()).toBe('0')
})

test('the package contains the build and its sources, without tests', async () => {
  const files = readdirSync(join(consumer, 'node_modules/holdfast'), { recursive: true, encoding: 'utf8' })
  expect(files).toEqual(
    expect.arrayContaining([
      'dist/index.js',
      'dist/index.d.ts',
      'dist/effects/jobs.js',
      'dist/effects/heartbeat-thread-main.js',
      'src/index.ts',
      'LICENSE',
    ]),
  )
  expect(files.filter((file) => /\.(?:test|fixture)\./.test(file))).toEqual([])
})

function succeeded(result: CommandResult): CommandResult {
  expect(result.exitCode, `${result.stdout}\n${result.stderr}`).toBe(0)
  return result
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(join(consumer, file), JSON.stringify(value, null, 2))
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T
}

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { updateArchitecture } from './architecture.ts'
import type { LayerTable } from './layer-table.ts'
import { layerTable } from './layer-table.ts'
import { checkLayers } from './layers.ts'
import { readModuleGraph } from './module-graph.ts'
import { plantTree } from './planted-tree.ts'
import { findSizeViolations } from './size-violations.ts'
import { describeViolation } from './violation.ts'
import { toPicture } from './wing-picture.ts'

const source = 'packages/holdfast/src'
const table: LayerTable = { kernel: [], postgres: ['kernel'], http: ['kernel'], testing: ['*'] }
const manifest = JSON.stringify({
  name: 'holdfast',
  exports: {
    '.': { 'holdfast:source': './src/index.ts', default: './dist/index.js' },
    './package.json': './package.json',
  },
})

function violationsIn(files: Readonly<Record<string, string>>): readonly string[] {
  return checkLayers(plantTree({ 'packages/holdfast/package.json': manifest, ...files }), table).map(
    ({ file, line, what }) => `${file}:${line} ${what}`,
  )
}

test('this repository keeps to its layers', () => {
  expect(checkLayers(`${import.meta.dirname}/..`).map(describeViolation)).toEqual([])
})

test('ARCHITECTURE.md shows the checked table, and its picture', () => {
  const document = readFileSync(new URL('../ARCHITECTURE.md', import.meta.url), 'utf8')
  expect(document).toBe(updateArchitecture(document, layerTable))
})

test('the picture and the table are rewritten if the layers change', () => {
  const document = readFileSync(new URL('../ARCHITECTURE.md', import.meta.url), 'utf8')
  const changed = updateArchitecture(document, {
    ...layerTable,
    'brokers/kafka': ['kernel', 'effects/messages'],
  })
  expect(changed).toContain('bullmq nats kafka')
  expect(changed).toContain('| `brokers/kafka`')
  expect(() => updateArchitecture('# Architecture', layerTable)).toThrow('from `npm run layers -- --write`')
})

test('the picture has a row for each wing, and a column for each wing that is imported', () => {
  const floors: LayerTable = {
    'kernel/base': [],
    'kernel/log': ['kernel/base'],
    'platform/settings': ['kernel'],
    'storage/postgres': ['kernel'],
    'storage/pages': ['kernel', 'storage/postgres'],
    'effects/jobs': ['kernel', 'storage/postgres'],
    testing: ['*'],
  }
  expect(
    toPicture(floors)
      .replaceAll(/ {20,}/g, ' … ')
      .split('\n'),
  ).toEqual([
    '```text',
    'testing … ●  ●  ●  ●',
    'effects    jobs … ▼  ●  │  ●',
    'storage    postgres pages … ▼  │  ●',
    'platform   settings … ▼  ●',
    'kernel     base log … ▼',
    '```',
  ])
})

test('a tree that follows the table is clean', () => {
  expect(
    violationsIn({
      [`${source}/kernel/page.ts`]: 'export const page = 1\n',
      [`${source}/kernel/page.test.ts`]: "import { pool } from '../postgres/pool.ts'\nimport 'node:fs'\n",
      [`${source}/postgres/pool.ts`]: "import { page } from '../kernel/page.ts'\nimport 'node:net'\n",
      [`${source}/postgres/embedded/server.ts`]: "import { pool } from '../pool.ts'\n",
      [`${source}/testing/clock.ts`]: "import { pool } from '../postgres/pool.ts'\n",
      [`${source}/index.ts`]:
        "export { page } from './kernel/page.ts'\nexport type { Pool } from './postgres/pool.ts'\n",
      [`${source}/postgres.ts`]: "export { pool } from './postgres/pool.ts'\n",
      [`${source}/testing.ts`]: "export { clock } from './testing/clock.ts'\n",
      'examples/one/src/main.ts': "import { page } from 'holdfast'\nimport 'node:fs'\n",
    }),
  ).toEqual([])
})

test.each([
  ['a static import', "import { pool } from '../postgres/pool.ts'"],
  ['a type-only import', "import type { Pool } from '../postgres/pool.ts'"],
  ['a dynamic import', "export const pool = import('../postgres/pool.ts')"],
  ['a dynamic import of a template', 'export const pool = import(`../postgres/pool.ts`)'],
  ['a re-export', "export { pool } from '../postgres/pool.ts'"],
  ['an import() type', "export type Pool = import('../postgres/pool.ts').Pool"],
  ['require', "export const pool = require('../postgres/pool.ts')"],
])('an import against the order of the layers is found: %s', (_, statement) => {
  expect(
    violationsIn({
      [`${source}/postgres/pool.ts`]: 'export const pool = 1\n',
      [`${source}/kernel/page.ts`]: `\n${statement}\n`,
    }),
  ).toEqual([`${source}/kernel/page.ts:2 kernel imports postgres (${source}/postgres/pool.ts)`])
})

test('an import of a sibling that the table does not allow is found, and so is an unknown folder', () => {
  expect(
    violationsIn({
      [`${source}/http/router.ts`]: "import { pool } from '../postgres/pool.ts'\n",
      [`${source}/postgres/pool.ts`]: 'export const pool = 1\n',
      [`${source}/jobs/worker.ts`]: 'export const worker = 1\n',
      [`${source}/jobs/worker.test.ts`]: 'export const worker = 1\n',
    }),
  ).toEqual([
    `${source}/jobs/worker.ts:1 the folder jobs has no row in checks/layers.json`,
    `${source}/http/router.ts:1 http imports postgres (${source}/postgres/pool.ts)`,
  ])
})

test('a row of the table may name rooms of a wing, or a wing that stands for all of its rooms', () => {
  const floors: LayerTable = {
    'kernel/base': [],
    'kernel/pages': ['kernel/base'],
    'storage/postgres': ['kernel'],
    'storage/embedded': ['kernel/base'],
  }
  const files = {
    [`${source}/kernel/base/clock.ts`]: "import { page } from '../pages/page.ts'\n",
    [`${source}/kernel/pages/page.ts`]: 'export const page = 1\n',
    [`${source}/kernel/log.ts`]: 'export const log = 1\n',
    [`${source}/storage/postgres/pool/pool.ts`]: "import { page } from '../../../kernel/pages/page.ts'\n",
    [`${source}/storage/embedded/server.ts`]:
      "import { page } from '../../kernel/pages/page.ts'\nimport { pool } from '../postgres/pool/pool.ts'\n",
    [`${source}/storage/files/file.ts`]: 'export const file = 1\n',
  }
  const root = plantTree({ 'packages/holdfast/package.json': manifest, ...files })
  expect(checkLayers(root, floors).map(({ file, what }) => `${file} ${what}`)).toEqual([
    `${source}/storage/files/file.ts the folder storage/files has no row in checks/layers.json`,
    `${source}/kernel/log.ts the folder kernel has no row in checks/layers.json`,
    `${source}/kernel/base/clock.ts kernel/base imports kernel/pages (${source}/kernel/pages/page.ts)`,
    `${source}/storage/embedded/server.ts storage/embedded imports kernel/pages (${source}/kernel/pages/page.ts)`,
    `${source}/storage/embedded/server.ts storage/embedded imports storage/postgres (${source}/storage/postgres/pool/pool.ts)`,
  ])
})

test('the rows of the table have the order of the floors', () => {
  const upwards: LayerTable = {
    'kernel/base': ['kernel/pages'],
    'kernel/pages': ['kernel'],
    'storage/postgres': ['kernel', 'platform'],
  }
  expect(
    checkLayers(plantTree({}), upwards).map(({ file, line, what }) => `${file}:${line} ${what}`),
  ).toEqual([
    'checks/layers.json:2 kernel/base may import kernel/pages, which is not in an earlier row',
    'checks/layers.json:3 kernel/pages may import kernel, which is not in an earlier row',
    'checks/layers.json:4 storage/postgres may import platform, which is not in an earlier row',
  ])
})

test('no folder imports an entry file, neither by its path nor by the name of the package', () => {
  const entry = `${source}/index.ts`
  expect(
    violationsIn({
      [entry]: 'export const page = 1\n',
      [`${source}/http/router.ts`]: "import { page } from '../index.ts'\n",
      [`${source}/http/server.ts`]: "import { page } from 'holdfast'\n",
    }),
  ).toEqual([
    `${source}/http/router.ts:1 http imports the entry file ${entry}`,
    `${source}/http/server.ts:1 http imports the entry file ${entry}`,
  ])
})

test('testing is imported only by its own entry, and a test by no published file', () => {
  expect(
    violationsIn({
      [`${source}/testing/clock.ts`]: 'export const clock = 1\n',
      [`${source}/testing-vitest.ts`]: "export { clock } from './testing/clock.ts'\n",
      [`${source}/index.ts`]: "export { clock } from './testing/clock.ts'\n",
      [`${source}/http/router.ts`]: "import { clock } from '../testing/clock.ts'\n",
      [`${source}/http/page.fixture.ts`]: 'export const page = 1\n',
      [`${source}/http/server.ts`]: "import { page } from './page.fixture.ts'\n",
    }),
  ).toEqual([
    `${source}/http/router.ts:1 imports testing (${source}/testing/clock.ts)`,
    `${source}/http/server.ts:1 imports ${source}/http/page.fixture.ts, which only tests may import`,
    `${source}/index.ts:1 imports testing (${source}/testing/clock.ts)`,
  ])
})

test('import cycles are found, including those of types, through the name of the package, and among tests', () => {
  expect(
    violationsIn({
      [`${source}/kernel/call.ts`]: "import type { Page } from './page.ts'\n",
      [`${source}/kernel/page.ts`]: "\nimport type { Call } from './call.ts'\n",
      [`${source}/kernel/self.ts`]: "import './self.ts'\n",
      [`${source}/index.ts`]: "export { one } from '../../../examples/one/one.ts'\n",
      'examples/one/one.ts': "import { one } from 'holdfast'\n",
      'checks/a.test.ts': "import './b.test.ts'\n",
      'checks/b.test.ts': "import './c.test.ts'\n",
      'checks/c.test.ts': "import './a.test.ts'\n",
    }),
  ).toEqual([
    'checks/a.test.ts:1 import cycle: checks/a.test.ts → checks/b.test.ts → checks/c.test.ts → checks/a.test.ts',
    `examples/one/one.ts:1 import cycle: examples/one/one.ts → ${source}/index.ts → examples/one/one.ts`,
    `${source}/kernel/call.ts:1 import cycle: ${source}/kernel/call.ts → ${source}/kernel/page.ts → ${source}/kernel/call.ts`,
    `${source}/kernel/self.ts:1 import cycle: ${source}/kernel/self.ts → ${source}/kernel/self.ts`,
  ])
})

test('modules of Node are found in the kernel, and in everything that the main entry loads at run time', () => {
  expect(
    violationsIn({
      [`${source}/kernel/clock.ts`]: "import type { Timer } from 'node:timers'\nimport 'fs/promises'\n",
      [`${source}/http/router.ts`]: "import './server.ts'\nimport type { Socket } from 'node:net'\n",
      [`${source}/http/server.ts`]: "import 'node:http'\n",
      [`${source}/index.ts`]: "export { router } from './http/router.ts'\n",
    }),
  ).toEqual([
    `${source}/http/server.ts:1 imports node:http, reached by ${source}/index.ts → ${source}/http/router.ts → ${source}/http/server.ts`,
    `${source}/kernel/clock.ts:1 imports node:timers`,
    `${source}/kernel/clock.ts:2 imports fs/promises`,
  ])
})

test('generic file names are found, and so is export *', () => {
  expect(
    violationsIn({
      'examples/one/src/utils.ts': 'export const one = 1\n',
      [`${source}/kernel/types.test.ts`]: 'export const one = 1\n',
      [`${source}/kernel/page.ts`]: "export type * from './call.ts'\n",
      [`${source}/kernel/call.ts`]: 'export type Call = 1\n',
    }),
  ).toEqual([
    'examples/one/src/utils.ts:1 is named utils',
    `${source}/kernel/page.ts:1 re-exports every name of ./call.ts (export *)`,
    `${source}/kernel/types.test.ts:1 is named types`,
  ])
})

test('a folder with more than 25 source files is found, and so is a file that imports more than 20', () => {
  const names = Array.from({ length: 26 }, (_, n) => `page-${n}`)
  const pages = Object.fromEntries(
    names.map((name) => [`${source}/kernel/${name}.ts`, 'export const page = 1\n']),
  )
  const importing = names.slice(0, 21).map((name) => `import '../kernel/${name}.ts'\n`)
  expect(
    violationsIn({
      ...pages,
      [`${source}/kernel/page.test.ts`]: 'export const page = 1\n',
      [`${source}/http/router.ts`]: importing.join(''),
      [`${source}/http/server.ts`]: importing.slice(1).join(''),
      [`${source}/index.ts`]: importing.join('').replaceAll('../', './'),
    }),
  ).toEqual([
    `${source}/kernel/page-0.ts:1 ${source}/kernel has 26 source files directly in it; the limit is 25`,
    `${source}/http/router.ts:1 imports 21 files; the limit is 20`,
  ])
})

test('the recorded number of imports of a large file may only decrease', () => {
  const root = plantTree({
    'packages/holdfast/package.json': manifest,
    [`${source}/kernel/page.ts`]: 'export const page = 1\n',
    [`${source}/http/router.ts`]: "import '../kernel/page.ts'\n",
  })
  const found = findSizeViolations(readModuleGraph(root), { [`${source}/http/router.ts`]: 22 })
  expect(found.map(({ what, fix }) => `${what}. ${fix}`)).toEqual([
    'imports 1 files, fewer than the 22 recorded in checks/size-violations.ts. Remove it from the list.',
  ])
})

test('a violation says where it is, what it is, why it matters and how to fix it', () => {
  const [violation] = checkLayers(
    plantTree({
      [`${source}/postgres/pool.ts`]: 'export const pool = 1\n',
      [`${source}/kernel/page.ts`]: "import { pool } from '../postgres/pool.ts'\n",
    }),
    table,
  ).map(describeViolation)
  expect(violation).toMatch(/^packages\/holdfast\/src\/kernel\/page\.ts:1 {2}kernel imports postgres/)
  expect(violation).toContain('Why: According to checks/layers.json, kernel may import no other room.')
  expect(violation).toContain('Fix: ')
})

test('a file with a syntax error is named', () => {
  expect(() => violationsIn({ [`${source}/kernel/page.ts`]: 'import { from\n' })).toThrow(
    expect.objectContaining({
      code: 'source-unparsable',
      message: expect.stringContaining('kernel/page.ts'),
    }),
  )
})

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { plantTree } from './planted-tree.ts'
import { runCommand } from './run-command.ts'

const source = 'packages/holdfast/src'
const start = 'export async function start(): Promise<number> {\n  return 1\n}\n'

/** For each rule that the project relies on, a file that breaks only this rule. */
const planted: readonly (readonly [rule: string, path: string, text: string])[] = [
  ['eslint(max-lines)', `${source}/long.ts`, `export const one = 1\n${'void one\n'.repeat(400)}`],
  [
    'eslint(max-lines-per-function)',
    `${source}/long-function.ts`,
    `export function one(): void {\n${'  void 1\n'.repeat(60)}}\n`,
  ],
  [
    'eslint(max-params)',
    `${source}/params.ts`,
    'export const f = (a: 1, b: 1, c: 1, d: 1): unknown => [a, b, c, d]\n',
  ],
  ['eslint(no-console)', `${source}/console.ts`, "console.log('here')\n"],
  ['eslint(no-empty)', `${source}/swallowed.ts`, 'try {\n  void 0\n} catch {}\n'],
  [
    'holdfast(no-bare-error)',
    `${source}/bare-error.ts`,
    "export const error = (): Error => new Error('no')\n",
  ],
  [
    'holdfast(no-bare-error)',
    `${source}/bare-call.ts`,
    "export const error = (): Error => TypeError('no')\n",
  ],
  [
    'holdfast(no-bare-pg-client)',
    `${source}/bare-client.ts`,
    "import pg from 'pg'\nexport const client = (): pg.Client => new pg.Client()\n",
  ],
  [
    'holdfast(no-load-time-env)',
    `${source}/load-time-env.ts`,
    "export const isProduction: boolean = process.env['NODE_ENV'] === 'production'\n",
  ],
  [
    'import(no-cycle)',
    `${source}/cycle-a.ts`,
    "import type { B } from './cycle-b.ts'\nexport interface A {\n  b: B\n}\n",
  ],
  [
    'import(no-cycle)',
    `${source}/cycle-b.ts`,
    "import type { A } from './cycle-a.ts'\nexport interface B {\n  a: A\n}\n",
  ],
  ['import(no-default-export)', `${source}/default-export.ts`, 'export default 1\n'],
  ['typescript(await-thenable)', `${source}/thenable.ts`, 'const one = (): number => 1\nawait one()\n'],
  [
    'typescript(consistent-type-imports)',
    `${source}/type-import.ts`,
    "import { start } from './start.ts'\nexport type Start = typeof start\n",
  ],
  ['typescript(no-explicit-any)', `${source}/any.ts`, 'export const one = (value: any): unknown => value\n'],
  [
    'typescript(no-floating-promises)',
    `${source}/floating.ts`,
    "import { start } from './start.ts'\nstart()\n",
  ],
  [
    'typescript(no-misused-promises)',
    `${source}/misused.ts`,
    "import { start } from './start.ts'\nexport const one = start() ? 1 : 2\n",
  ],
  [
    'typescript(only-throw-error)',
    `${source}/thrown.ts`,
    "export function fail(): never {\n  throw 'no'\n}\n",
  ],
  [
    'typescript(return-await)',
    `${source}/return-await.ts`,
    "import { start } from './start.ts'\nexport async function one(): Promise<number> {\n" +
      '  try {\n    return start()\n  } finally {\n    void 0\n  }\n}\n',
  ],
  [
    'typescript(switch-exhaustiveness-check)',
    `${source}/switch.ts`,
    'export function one(value: 1 | 2): void {\n  switch (value) {\n    case 1:\n      void value\n  }\n}\n',
  ],
  ['unicorn(filename-case)', `${source}/camelCase.ts`, 'export const one = 1\n'],
  ['unicorn(prefer-node-protocol)', `${source}/builtin.ts`, "import 'fs'\n"],
  [
    'vitest(no-focused-tests)',
    `${source}/focused.test.ts`,
    "import { expect, test } from 'vitest'\ntest.only('one', () => expect(1).toBe(1))\n",
  ],
]

/** Code that looks like a violation but is allowed. */
const allowed: Readonly<Record<string, string>> = {
  [`${source}/start.ts`]: start,
  [`${source}/start.test.ts`]:
    "import { expect, test } from 'vitest'\ntest('one', () => expect(new Error('one').message).toBe('one'))\n",
  'checks/report.ts': "console.log('all is well')\n",
  [`${source}/plain.ts`]:
    "// The user `nobody`. What it needs: an amendment.\nexport const owner = 'nobody'\n",
}

test('oxlint finds each planted violation, and nothing else', async () => {
  const ours = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
  const cwd = plantTree({
    '.oxlintrc.json': ours('.oxlintrc.json'),
    'checks/lint-rules.ts': ours('checks/lint-rules.ts'),
    'checks/plain-words.ts': ours('checks/plain-words.ts'),
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        target: 'es2024',
        module: 'nodenext',
        strict: true,
        allowImportingTsExtensions: true,
        noEmit: true,
        types: [],
      },
    }),
    ...allowed,
    ...Object.fromEntries(planted.map(([, path, text]) => [path, text])),
  })
  const { exitCode, stdout } = await runCommand(['oxlint', '--format=json'], { cwd })
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { code: string; filename: string; severity: string }[]
  }
  const found = diagnostics.map(({ code, filename }) => `${code} ${filename}`)
  expect(found.sort()).toEqual(planted.map(([rule, path]) => `${rule} ${path}`).sort())
  expect(exitCode).toBe(1)
})

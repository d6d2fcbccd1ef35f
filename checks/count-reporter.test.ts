import { expect, test } from 'vitest'
import { plantTree } from './planted-tree.ts'
import { runCommand } from './run-command.ts'

const reporter = `${import.meta.dirname}/count-reporter.ts`

async function runTests(
  files: Readonly<Record<string, string>>,
): Promise<{ exitCode: number | null; lastLine: string }> {
  const cwd = plantTree({ 'vitest.config.js': '', ...files })
  const { exitCode, stdout } = await runCommand(
    ['vitest', 'run', '--globals', '--reporter=default', `--reporter=${reporter}`],
    { cwd },
  )
  return { exitCode, lastLine: stdout.trimEnd().split('\n').at(-1) ?? '' }
}

test('the reporter counts passed, failed and skipped tests', async () => {
  const files = {
    'a.test.js': "test('a', () => {})\ntest('b', () => expect(1).toBe(2))\ntest.skip('c', () => {})\n",
  }
  expect(await runTests(files)).toEqual({ exitCode: 1, lastLine: '1 passed, 1 failed, 1 skipped' })
})

test('the reporter omits skipped tests if there are none', async () => {
  const files = { 'a.test.js': "test('a', () => {})\ntest('b', () => {})\n" }
  expect(await runTests(files)).toEqual({ exitCode: 0, lastLine: '2 passed, 0 failed' })
})

test('the reporter counts a file that does not load, and an error outside of any test, as failed', async () => {
  const files = {
    'a.test.js': "test('a', () => {})\n",
    'b.test.js': "import './missing.js'\n",
    'c.test.js': "test('c', async () => {\n  Promise.reject(new Error('stray'))\n})\n",
  }
  expect(await runTests(files)).toEqual({ exitCode: 1, lastLine: '2 passed, 2 failed' })
})

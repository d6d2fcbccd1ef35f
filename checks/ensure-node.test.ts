import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { plantTree } from './planted-tree.ts'
import { type CommandResult, runCommand } from './run-command.ts'

const script = 'checks/ensure-node.cjs'
const nodePackage = 'node_modules/node'
const binary = `${nodePackage}/bin/node`

/** Stands for the installer of the `node` package, and needs no registry. */
const installer = `require('fs').mkdirSync('bin'); require('fs').writeFileSync('bin/node', 'fetched')`

function plantCheckout(files: Readonly<Record<string, string>>): string {
  return plantTree({ [script]: readFileSync(new URL('ensure-node.cjs', import.meta.url), 'utf8'), ...files })
}

function ensureNode(cwd: string, env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
  return runCommand([process.execPath, script], { cwd, env })
}

test('ensure-node downloads a binary that blocked install scripts did not download, once, and logs one line', async () => {
  const cwd = plantCheckout({
    [`${nodePackage}/package.json`]: '{ "version": "26.10.0" }',
    [`${nodePackage}/installArchSpecificPackage.js`]: installer,
  })
  const first = await ensureNode(cwd, { npm_config_ignore_scripts: 'true' })
  expect(first).toMatchObject({ exitCode: 0, stdout: '' })
  expect(first.stderr).toMatch(/^Fetching Node 26\.10\.0, .*\n$/)
  expect(readFileSync(join(cwd, 'node_modules/.bin/node'), 'utf8')).toBe('fetched')
  expect(realpathSync(join(cwd, 'node_modules/.bin/node'))).toBe(realpathSync(join(cwd, binary)))

  // A second installation would fail, because the folder exists now.
  expect(await ensureNode(cwd)).toEqual({ exitCode: 0, stdout: '', stderr: '' })
})

test('ensure-node creates only the link if the binary exists', async () => {
  const cwd = plantCheckout({ [`${nodePackage}/package.json`]: '{}', [binary]: 'fetched before' })
  expect(await ensureNode(cwd)).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  expect(readFileSync(join(cwd, 'node_modules/.bin/node'), 'utf8')).toBe('fetched before')
})

test('ensure-node shows the output of the installer if it fails', async () => {
  const cwd = plantCheckout({
    [`${nodePackage}/package.json`]: '{ "version": "26.10.0" }',
    [`${nodePackage}/installArchSpecificPackage.js`]: "console.error('npm error ENOTFOUND'); process.exit(1)",
  })
  const { exitCode, stderr } = await ensureNode(cwd)
  expect(exitCode).toBe(1)
  expect(stderr).toContain('is the npm registry reachable?')
  expect(stderr).toContain('npm error ENOTFOUND')
})

test('ensure-node suggests npm ci if nothing is installed', async () => {
  const { exitCode, stderr } = await ensureNode(plantCheckout({}))
  expect(exitCode).toBe(1)
  expect(stderr).toContain('run `npm ci` first')
})

import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import type { Processes } from './processes.ts'

const root = resolve(import.meta.dirname, '..')
const place = join(import.meta.dirname, 'node_modules/holdfast')

/**
 * Builds the package in this folder's `node_modules`, as if npm had installed it, so that the
 * measured code is the code that users run. The `dist` of the package does not change.
 */
export async function buildPackage(processes: Processes): Promise<void> {
  rmSync(place, { recursive: true, force: true })
  mkdirSync(place)
  copyFileSync(join(root, 'packages/holdfast/package.json'), join(place, 'package.json'))
  const build = [join(root, 'packages/holdfast/build/main.ts'), join(place, 'dist')]
  const { exitCode, stdout } = await processes.finish([process.execPath, ...build])
  if (exitCode !== 0) throw new Error(`The package could not be built:\n${stdout}`)
}

/** Returns the path of this repository's TypeScript compiler. */
export function compiler(): string {
  return join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
}

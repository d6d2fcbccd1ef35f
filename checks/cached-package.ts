import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { HoldfastError } from 'holdfast'
import { runCommand } from './run-command.ts'

const cache = resolve(import.meta.dirname, '../node_modules/.cache/packages')

/**
 * Returns the folder of a package in the exact version that a test needs. Such a package is too
 * large to be a development dependency, or conflicts with other packages. It is fetched from the
 * registry once, and cached in `node_modules/.cache`.
 */
export async function cachedPackage(name: string, version: string): Promise<string> {
  const folder = join(cache, `${name}@${version}`)
  if (!existsSync(folder)) await install(name, version, folder)
  return join(folder, 'node_modules', name)
}

async function install(name: string, version: string, folder: string): Promise<void> {
  mkdirSync(cache, { recursive: true })
  const staging = mkdtempSync(join(cache, 'staging-'))
  try {
    const npm = [
      'npm',
      'install',
      `--prefix=${staging}`,
      '--prefer-offline',
      '--ignore-scripts',
      '--no-audit',
    ]
    const { exitCode, stderr } = await runCommand([...npm, '--no-fund', `${name}@${version}`], {
      cwd: staging,
    })
    if (exitCode !== 0) {
      throw new HoldfastError(
        'test-package-not-installed',
        `${name}@${version}, which a test needs, could not be fetched from the registry:\n${stderr}`,
      )
    }
    // The name may have a scope, whose folder must exist.
    mkdirSync(dirname(folder), { recursive: true })
    // Another process may have installed the same version in the meantime.
    if (!existsSync(folder)) renameSync(staging, folder)
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

/**
 * A program that some tests need and that is not in the npm registry: its path, or a message with
 * the command that installs it.
 */
export type DebianTool =
  | { readonly path: string; readonly missing?: undefined }
  | { readonly path?: undefined; readonly missing: string }

const run = promisify(execFile)

// Folders in which Debian installs programs for root. They are not in every PATH.
const extraFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin']
const installTimeoutMs = 180_000

/**
 * Finds a program, such as `haproxy`. If the program is missing and this process is root on Debian,
 * as in a container that runs tests, installs the Debian package without starting its service.
 * `package` is the name of the package if it differs from the name of the program.
 */
export async function debianTool(name: string, { package: packageName = name } = {}): Promise<DebianTool> {
  const found = find(name)
  if (found !== undefined) return { path: found }
  const command = `apt-get install --no-install-recommends ${packageName}`
  if (!existsSync('/etc/debian_version') || find('apt-get') === undefined) {
    return { missing: `${name} is not installed; on Debian: ${command}` }
  }
  if (process.getuid?.() !== 0) return { missing: `${name} is not installed; as root: ${command}` }
  try {
    await run('flock', ['/run/lock/holdfast-debian-tool', 'sh', '-c', script, 'install', packageName], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      timeout: installTimeoutMs,
    })
  } catch (error) {
    const reason = (error as { readonly stderr?: string }).stderr?.trim() || String(error)
    return { missing: `${name} is not installed, and installing it failed (${command}): ${reason}` }
  }
  const installed = find(name)
  if (installed !== undefined) return { path: installed }
  return { missing: `The package ${packageName} is installed, but has no program ${name}.` }
}

// Only one process at a time installs packages. The policy that keeps services from starting
// applies to the whole machine.
const script = `
set -eu
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\\nexit 101\\n' > $policy
  chmod 755 $policy
fi
install() { apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=120 "$1"; }
install "$1" || { apt-get update -q -o DPkg::Lock::Timeout=120; install "$1"; }
`

function find(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...extraFolders]
  return folders.map((folder) => join(folder, name)).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Copies the repository in its current state, including uncommitted changes, to a new temporary
 * folder, and returns this folder. Installed packages are linked. Links to workspaces point to
 * their copies.
 */
export function copyRepository(root: string): string {
  const copy = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-mutants-')))
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  for (const path of listed.split('\0')) {
    // Git still lists a deleted file until the deletion is committed.
    if (path !== '' && existsSync(join(root, path))) cpSync(join(root, path), join(copy, path))
  }
  linkModules(join(root, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

/**
 * Links each installed package. Links to workspaces are relative, so unchanged links point to the
 * copies.
 */
function linkModules(from: string, to: string): void {
  mkdirSync(to)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name)
    const target = join(to, entry.name)
    if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target)
    else if (entry.name.startsWith('@')) linkModules(source, target)
    else if (!unsharedCaches.has(entry.name)) symlinkSync(source, target)
  }
}

/**
 * Caches keyed by the path or content of a source, so a copy must not share them with the
 * repository.
 */
const unsharedCaches = new Set(['.programs', '.vite', '.vite-temp', '.vitest'])

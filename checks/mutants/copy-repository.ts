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
 * Copies the repository in its current state, including uncommitted changes, into a new temporary
 * folder, and returns that folder. Installed packages are linked; the workspaces are linked to
 * their copies.
 */
export function copyRepository(root: string): string {
  const copy = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-mutants-')))
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  for (const path of listed.split('\0')) {
    // A deleted file is listed until the deletion is committed.
    if (path !== '' && existsSync(join(root, path))) cpSync(join(root, path), join(copy, path))
  }
  linkModules(join(root, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

/**
 * Links each installed package. Links of workspaces are relative, so they lead to the copy if they
 * are kept as they are.
 */
function linkModules(from: string, to: string): void {
  mkdirSync(to)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name)
    const target = join(to, entry.name)
    if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target)
    else if (entry.name.startsWith('@')) linkModules(source, target)
    else if (!ownOfEachCopy.has(entry.name)) symlinkSync(source, target)
  }
}

/** Caches keyed by the path or content of sources. */
const ownOfEachCopy = new Set(['.programs', '.vite', '.vite-temp', '.vitest'])

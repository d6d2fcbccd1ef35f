import { randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A secret of development, which a file keeps. */
export interface KeptSecret {
  readonly text: string
  /** True if this call created the file. */
  readonly isNew: boolean
}

/**
 * Returns the secret in a file. If the file is missing, creates it with a new secret, readable only
 * by its owner. Several processes may call this at the same time: all of them get the same secret.
 */
export function keepSecret(file: string, create: () => string): KeptSecret {
  const existing = readIfExists(file)
  if (existing !== undefined) return { text: existing, isNew: false }
  const own = `${file}-${randomUUID()}`
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(own, `${create()}\n`, { mode: 0o600, flag: 'wx' })
  let isNew = true
  try {
    // The first link wins, and its content is complete.
    linkSync(own, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    isNew = false
  } finally {
    rmSync(own, { force: true })
  }
  return { text: readFileSync(file, 'utf8').trim(), isNew }
}

function readIfExists(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

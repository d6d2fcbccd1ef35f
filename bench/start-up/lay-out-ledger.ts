import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const ledger = resolve(import.meta.dirname, '../../examples/ledger')
const place = resolve(import.meta.dirname, '../dist/ledger')

/**
 * Copies the example service to a separate project that uses the package as published. Returns its
 * folder.
 */
export function layOutLedger(): string {
  rmSync(place, { recursive: true, force: true })
  mkdirSync(place, { recursive: true })
  for (const folder of ['src', 'migrations'])
    cpSync(join(ledger, folder), join(place, folder), { recursive: true })
  const manifest = {
    private: true,
    type: 'module',
    scripts: { start: 'exec node --import holdfast/fast-start src/main.ts' },
  }
  writeFileSync(join(place, 'package.json'), JSON.stringify(manifest, null, 2))
  return place
}

import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { bundlePackage } from './bundle-package.ts'

// Builds the package into a folder: `node build/main.ts [folder]`. Default: `dist` of the package.

const packageFolder = resolve(import.meta.dirname, '..')
const folder = resolve(process.argv[2] ?? join(packageFolder, 'dist'))

rmSync(folder, { recursive: true, force: true })
emitDeclarations()
await bundlePackage(folder)

function emitDeclarations(): void {
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
  const project = join(packageFolder, 'tsconfig.build.json')
  const command = [join(typescript, 'bin/tsc'), '--project', project, '--emitDeclarationOnly']
  const { status } = spawnSync(process.execPath, [...command, '--outDir', folder], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

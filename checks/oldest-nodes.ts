import { join } from 'node:path'
import { cachedPackage } from './cached-package.ts'

/** The first release of each major version of Node that the packages support (`engines`). */
export const oldestNodes = ['24.0.0', '26.0.0'] as const

/** Returns the path of a Node release's binary. */
export async function nodeBinary(version: string): Promise<string> {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  return join(await cachedPackage(`node-${platform}-${process.arch}`, version), 'bin', 'node')
}

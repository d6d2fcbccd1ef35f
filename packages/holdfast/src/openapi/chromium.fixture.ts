import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'

const executablePath = '/usr/bin/chromium'

/** Why there is no browser on this machine; `undefined` where there is one, after it has been installed where that can be. */
export async function missingChromium(): Promise<string | undefined> {
  if (existsSync(executablePath)) return undefined
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    return `There is no ${executablePath}; install it with: apt-get install chromium`
  }
  await promisify(execFile)('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'])
  return undefined
}

/** Starts a browser that asks nobody for anything by itself. */
export function openChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
}

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'

const executablePath = '/usr/bin/chromium'

/**
 * Installs a browser if necessary and possible. Returns the reason why no browser is available;
 * `undefined` if a browser is available.
 */
export async function missingChromium(): Promise<string | undefined> {
  if (existsSync(executablePath)) return undefined
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    return `There is no ${executablePath}; install it with: apt-get install chromium`
  }
  await promisify(execFile)('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'])
  return undefined
}

/** Starts a browser that makes no requests in the background. */
export function openChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
}

import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, lstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { attempt } from './error-code.ts'
import { hasReader, makeFifo, openReader, openWriter } from './fifo.ts'
import type { Home } from './home.ts'
import { unavailable } from './unavailable.ts'
import { waitUntil } from './wait-until.ts'
import { startWatchdog } from './watchdog.ts'

const timeoutMs = 60_000

/**
 * One process's lease on the running server. The watchdog keeps the server running while any
 * process holds a lease.
 */
export interface Lease {
  /** Reports the server's process ID to the watchdog. */
  announce(pid: number): void
  /**
   * Releases the lease. Resolves to true if it was the last lease. Call it only while the home is
   * locked.
   */
  release(): Promise<boolean>
  /**
   * Closes the lease unless it is closed already. If it was the last lease, the watchdog shuts the
   * server down.
   */
  close(): void
  /** Waits until the watchdog has ended, after the last lease was released. */
  watchdogEnded(): Promise<void>
}

/**
 * Takes a lease, and starts the watchdog if no watchdog is running. Call it only while the home is
 * locked.
 *
 * The leases are the open write ends of one FIFO, whose only reader is the watchdog. The kernel
 * counts the leases, and closes the leases of a process that dies.
 */
export async function takeLease(home: Home): Promise<Lease> {
  const path = join(home.directory, 'lease')
  if (!lstatSync(path, { throwIfNoEntry: false })?.isFIFO()) {
    rmSync(path, { force: true })
    makeFifo(path, home.account)
  }
  for (;;) {
    const joined = openWriter(path)
    if (joined === undefined) return toLease(path, await openWithWatchdog(home, path))
    if (await confirm(path, joined)) return toLease(path, joined)
    closeSync(joined)
    await awaitWatchdogEnd(path)
  }
}

function toLease(path: string, writer: number): Lease {
  let open = true
  function close(): void {
    if (open) closeSync(writer)
    open = false
  }
  return {
    announce: (pid) => send(writer, `server ${pid}`),
    async release() {
      // Makes sure that the watchdog has read every message, because the code below reads from the
      // same FIFO.
      await confirm(path, writer)
      const reader = openReader(path)
      close()
      const last = attempt(() => drain(reader), ['EAGAIN'])
      closeSync(reader)
      return last
    },
    close,
    watchdogEnded: () => awaitWatchdogEnd(path),
  }
}

async function openWithWatchdog(home: Home, path: string): Promise<number> {
  const opener = openReader(path)
  const writer = openWriter(path)
  // The FIFO is opened again without O_NONBLOCK, as the shell expects. This does not block, because
  // there is a writer.
  const reader = openSync(path, 'r')
  closeSync(opener)
  try {
    await startWatchdog(home, reader)
  } finally {
    closeSync(reader)
  }
  return writer!
}

/**
 * Returns whether the watchdog has noticed this lease. If not, the watchdog may have seen all other
 * leases close, and may be about to stop the server.
 */
async function confirm(path: string, writer: number): Promise<boolean> {
  const token = randomUUID()
  const answer = `${path}.${token}`
  if (!send(writer, `confirm ${token}`)) return false
  if (!(await waitUntil(() => existsSync(answer) || !hasReader(path), timeoutMs))) throw stuck(path)
  const confirmed = existsSync(answer)
  rmSync(answer, { force: true })
  return confirmed
}

/** Sends a message. Returns false if there is no reader. */
function send(writer: number, message: string): boolean {
  return attempt(() => writeSync(writer, `${message}\n`), ['EPIPE'])
}

/** Reads to the end of the FIFO. Throws EAGAIN while a writer has it open. */
function drain(reader: number): void {
  const buffer = Buffer.alloc(1024)
  while (readSync(reader, buffer) > 0);
}

async function awaitWatchdogEnd(path: string): Promise<void> {
  if (!(await waitUntil(() => !hasReader(path), timeoutMs))) throw stuck(path)
}

function stuck(path: string): Error {
  return unavailable(
    `The process "sh … holdfast-watchdog" that reads ${path} has not responded or exited within a minute. End it with ` +
      'kill -9 and start again; the data is safe.',
  )
}

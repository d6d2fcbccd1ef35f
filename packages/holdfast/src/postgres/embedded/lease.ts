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

/** One process' share in the running server: while one is held anywhere, the watchdog leaves the server running. */
export interface Lease {
  /** Tells the watchdog which process is the server. */
  announce(pid: number): void
  /** Gives it up: whether it was the last one. Only while the home is locked. */
  release(): Promise<boolean>
  /** Gives it up unless that is done, and leaves it to the watchdog to shut the server down. */
  close(): void
  /** Waits until the watchdog has ended, after the last lease was released. */
  watchdogEnded(): Promise<void>
}

/**
 * Takes a lease, and starts the watchdog where none runs. Only while the home is locked.
 *
 * The leases are open write ends of one FIFO, whose only reader is the watchdog: the kernel counts them, and closes
 * those of a process that dies.
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
      // The watchdog has then read every message, so that none is taken from it below.
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
  // Opened again without O_NONBLOCK, as the shell expects it; now that there is a writer this does not wait.
  const reader = openSync(path, 'r')
  closeSync(opener)
  try {
    await startWatchdog(home, reader)
  } finally {
    closeSync(reader)
  }
  return writer!
}

/** Whether the watchdog has seen us: one that had already seen the last one leave is about to stop the server. */
async function confirm(path: string, writer: number): Promise<boolean> {
  const token = randomUUID()
  const answer = `${path}.${token}`
  if (!send(writer, `confirm ${token}`)) return false
  if (!(await waitUntil(() => existsSync(answer) || !hasReader(path), timeoutMs))) throw stuck(path)
  const confirmed = existsSync(answer)
  rmSync(answer, { force: true })
  return confirmed
}

/** Whether there still was a reader to send it to. */
function send(writer: number, message: string): boolean {
  return attempt(() => writeSync(writer, `${message}\n`), ['EPIPE'])
}

/** Reads until the end, which there is once no writer is left; fails with EAGAIN while there is one. */
function drain(reader: number): void {
  const buffer = Buffer.alloc(1024)
  while (readSync(reader, buffer) > 0);
}

async function awaitWatchdogEnd(path: string): Promise<void> {
  if (!(await waitUntil(() => !hasReader(path), timeoutMs))) throw stuck(path)
}

function stuck(path: string): Error {
  return unavailable(
    `The process "sh … holdfast-watchdog" that reads ${path} has neither answered nor ended for a minute. End it with ` +
      'kill -9 and start again; the data is safe.',
  )
}

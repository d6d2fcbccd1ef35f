import { writeSync } from 'node:fs'

/** Buffers lines for a file descriptor and writes many at once. */
export interface LineWriter {
  /**
   * Writes a line, including its line feed. An urgent one is written now, with all lines before it.
   */
  write(line: string, isUrgent: boolean): void
}

// One system call for many lines: alone, each would cost more than the rest of a short call.
const batchLength = 16_384
const maxDelayMs = 100

// Delay before another attempt to write to a slow reader: a full pipe holds 64 KiB, so this limits
// how much it can take in a second.
const retryMs = 1
// Unread lines beyond this size are dropped: a reader that hangs must not fill the memory.
const maxLength = 16 * 1_024 * 1_024
// A process that ends waits for a slow reader, but not for one that has stopped reading.
const maxStallMs = 5_000

const nothing = new Uint8Array(0)

/**
 * Opens a writer of lines for a file descriptor. A slow reader does not block the process. A closed
 * reader or a full disk causes no failure; it is reported on stderr. Lines left when the process
 * ends are written before it exits.
 *
 * The thread that logs also writes: when the process ends, only it knows how much has been written.
 */
export function openLineWriter(fd: number): LineWriter {
  // Accessing stdout makes its pipe non-blocking.
  if (fd === 1) void process.stdout
  let held = ''
  /** Bytes handed to the reader but not taken yet. */
  let rest: Uint8Array = nothing
  let timer: NodeJS.Timeout | undefined
  let dropped = 0
  /** True if the last attempt failed, which is reported once. */
  let isFailing = false
  /** True if the reader is gone for good. */
  let hasEnded = false

  /** Writes as much as the reader takes now. */
  function release(): void {
    clearTimeout(timer)
    timer = undefined
    while (rest.length > 0 || held !== '') {
      if (rest.length === 0) {
        rest = Buffer.from(held)
        held = ''
      }
      const taken = take(rest)
      if (taken === 0) {
        timer = setTimeout(release, retryMs).unref()
        return
      }
      rest = rest.subarray(taken)
    }
    tellDropped()
  }

  /** Writes bytes and returns how many were taken. */
  function take(bytes: Uint8Array): number {
    try {
      const taken = writeSync(fd, bytes)
      isFailing = false
      return taken
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'EAGAIN') return 0
      if (!isFailing) tell(`Writing the log failed: ${message}`)
      isFailing = true
      // A closed reader does not come back; a full disk may get room again.
      if (code === 'EPIPE' || code === 'EBADF') hasEnded = true
      dropped += countLines(Buffer.from(bytes).toString()) + countLines(held)
      held = ''
      return bytes.length
    }
  }

  function tellDropped(): void {
    if (isFailing) return
    if (dropped > 0) tell(`${dropped} log lines dropped: the output was not being read.`)
    dropped = 0
  }

  process.on('exit', () => {
    let stalledSinceMs = performance.now()
    release()
    while (rest.length > 0 && performance.now() - stalledSinceMs < maxStallMs) {
      const before = rest
      block(retryMs)
      release()
      if (rest !== before) stalledSinceMs = performance.now()
    }
    dropped += countLines(Buffer.from(rest).toString()) + countLines(held)
    tellDropped()
  })

  return {
    write(line, isUrgent) {
      if (hasEnded) return
      if (rest.length + held.length + line.length > maxLength) {
        dropped += 1
        return
      }
      held += line
      // A reader that has not taken the last batch does not get another.
      if (rest.length > 0) return
      if (isUrgent || held.length >= batchLength) release()
      else timer ??= setTimeout(release, maxDelayMs).unref()
    },
  }
}

function countLines(text: string): number {
  return text.split('\n').length - 1
}

/** Blocks the thread, for a process whose event loop no longer runs. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/**
 * Reports on stderr. If stderr is closed too, the message is dropped; that is no reason to end the
 * process.
 */
function tell(message: string): void {
  if (!process.stderr.listeners('error').includes(ignore)) process.stderr.on('error', ignore)
  process.stderr.write(`${message}\n`)
}

const ignore = (): void => {}

import { writeSync } from 'node:fs'

/** Takes lines for a file descriptor, and writes many of them at once. */
export interface LineWriter {
  /** Takes a line, its line feed included. One that is urgent is written now, with all before it. */
  write(line: string, isUrgent: boolean): void
}

// One system call for many lines: alone, each would cost more than the rest of a short call.
const batchLength = 16_384
const longestDelayMs = 100

// How soon a reader that did not keep up is tried again: a full pipe holds 64 KiB, so this bounds how much it can take in a second.
const retryMs = 1
// Beyond this much that nobody takes, lines are dropped: a reader that hangs must not fill the memory.
const mostLength = 16 * 1_024 * 1_024
// A process that ends waits for its reader, but not for one that takes nothing at all.
const longestStallMs = 5_000

const nothing = new Uint8Array(0)

/**
 * Writes lines to a file descriptor. A reader that is slow holds nothing up; one that has gone away, or a disk that is full, fails
 * nothing, and that is said on stderr. What is there when the process ends is written before it has ended.
 *
 * What is written is written by the thread that logs: nothing else knows, when the process ends, how much of it was taken.
 */
export function openLineWriter(fd: number): LineWriter {
  // To open stdout makes its pipe one that says that it is full, rather than one that waits.
  if (fd === 1) void process.stdout
  let held = ''
  /** What has been handed to the reader, and was not taken yet. */
  let rest: Uint8Array = nothing
  let timer: NodeJS.Timeout | undefined
  let dropped = 0
  /** Whether the last attempt failed, which is told once. */
  let isFailing = false
  /** Whether nobody will ever read any more. */
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

  /** How many bytes of these have been taken. */
  function take(bytes: Uint8Array): number {
    try {
      const taken = writeSync(fd, bytes)
      isFailing = false
      return taken
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'EAGAIN') return 0
      if (!isFailing) tell(`The log cannot be written: ${message}`)
      isFailing = true
      // A reader that has gone does not come back; a disk that is full may have room again.
      if (code === 'EPIPE' || code === 'EBADF') hasEnded = true
      dropped += countLines(Buffer.from(bytes).toString()) + countLines(held)
      held = ''
      return bytes.length
    }
  }

  function tellDropped(): void {
    if (isFailing) return
    if (dropped > 0) tell(`${dropped} lines of the log were dropped: nobody took them.`)
    dropped = 0
  }

  process.on('exit', () => {
    let stalledSinceMs = performance.now()
    release()
    while (rest.length > 0 && performance.now() - stalledSinceMs < longestStallMs) {
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
      if (rest.length + held.length + line.length > mostLength) {
        dropped += 1
        return
      }
      held += line
      // A reader that has not taken what it was handed is not handed more.
      if (rest.length > 0) return
      if (isUrgent || held.length >= batchLength) release()
      else timer ??= setTimeout(release, longestDelayMs).unref()
    },
  }
}

function countLines(text: string): number {
  return text.split('\n').length - 1
}

/** Lets time pass in a process that turns its event loop no more. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** Tells whoever reads stderr. Where that is closed too, there is nobody left to tell, and no reason to end the process. */
function tell(message: string): void {
  if (!process.stderr.listeners('error').includes(ignore)) process.stderr.on('error', ignore)
  process.stderr.write(`${message}\n`)
}

const ignore = (): void => {}

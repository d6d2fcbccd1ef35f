import { writeSync } from 'node:fs'

/** Writes the lines of a log. */
export interface LineWriter {
  /**
   * Writes a line, including its line feed. An urgent line is written immediately, together with
   * all lines before it; other lines may be buffered.
   */
  write(line: string, isUrgent: boolean): void
}

// Min length of a batch, in characters. With a system call per line, logging would cost more than
// all other work of a short operation.
const batchLength = 16_384
const maxDelayMs = 100

// Delay before the next attempt to write to a slow reader. The delay limits the throughput, because
// a full pipe holds only 64 KiB.
const retryMs = 1
// Max size of the unread lines. Further lines are dropped, because a hanging reader must not fill
// the memory.
const maxLength = 16 * 1_024 * 1_024
// Max time that an ending process waits while the reader of its output makes no progress. A slow
// reader gets all lines; a reader that has stopped does not keep the process alive.
const maxStallMs = 5_000

const nothing = new Uint8Array(0)

/**
 * Opens a writer of lines for a file descriptor. A slow reader does not block the process. A closed
 * reader or a full disk is reported on stderr, and causes no failure. When the process ends, the
 * remaining lines are written before it exits.
 *
 * The thread that logs also writes, because only this thread knows how much has been written when
 * the process ends.
 */
export function openLineWriter(fd: number): LineWriter {
  // Accessing stdout makes its pipe non-blocking.
  if (fd === 1) void process.stdout
  const writer = new BatchingWriter(fd)
  process.on('exit', () => writer.finish())
  return writer
}

class BatchingWriter implements LineWriter {
  readonly #fd: number
  /** Lines not yet passed to the reader. */
  #held = ''
  /** The part of the current batch that the reader has not accepted yet. */
  #rest: Uint8Array = nothing
  #timer: NodeJS.Timeout | undefined
  /** Lines dropped since the last report. */
  #dropped = 0
  /** True if the last attempt failed. Only the first of several failures in a row is reported. */
  #isFailing = false
  /** True if the reader is closed. */
  #hasEnded = false
  readonly #releaseLater = (): void => this.#release()

  constructor(fd: number) {
    this.#fd = fd
  }

  write(line: string, isUrgent: boolean): void {
    if (this.#hasEnded) return
    if (this.#rest.length + this.#held.length + line.length > maxLength) {
      this.#dropped += 1
      return
    }
    this.#held += line
    // A reader that has not accepted the last batch gets no further batch.
    if (this.#rest.length > 0) return
    if (isUrgent || this.#held.length >= batchLength) this.#release()
    else this.#timer ??= setTimeout(this.#releaseLater, maxDelayMs).unref()
  }

  /**
   * Writes the remaining lines, as long as the reader continues to read, and reports the lost
   * lines.
   */
  finish(): void {
    let stalledSinceMs = performance.now()
    this.#release()
    while (this.#rest.length > 0 && performance.now() - stalledSinceMs < maxStallMs) {
      const before = this.#rest
      block(retryMs)
      this.#release()
      if (this.#rest !== before) stalledSinceMs = performance.now()
    }
    this.#dropped += countLines(Buffer.from(this.#rest).toString()) + countLines(this.#held)
    this.#reportDropped()
  }

  /** Writes as much as the reader accepts now. */
  #release(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    while (this.#rest.length > 0 || this.#held !== '') {
      if (this.#rest.length === 0) {
        this.#rest = Buffer.from(this.#held)
        this.#held = ''
      }
      const taken = this.#take(this.#rest)
      if (taken === 0) {
        this.#timer = setTimeout(this.#releaseLater, retryMs).unref()
        return
      }
      this.#rest = this.#rest.subarray(taken)
    }
    this.#reportDropped()
  }

  /** Writes bytes and returns the number of accepted bytes. */
  #take(bytes: Uint8Array): number {
    try {
      const taken = writeSync(this.#fd, bytes)
      this.#isFailing = false
      return taken
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'EAGAIN') return 0
      if (!this.#isFailing) report(`Writing the log failed: ${message}`)
      this.#isFailing = true
      // A closed reader does not come back, but a full disk may have space again.
      if (code === 'EPIPE' || code === 'EBADF') this.#hasEnded = true
      this.#dropped += countLines(Buffer.from(bytes).toString()) + countLines(this.#held)
      this.#held = ''
      return bytes.length
    }
  }

  #reportDropped(): void {
    if (this.#isFailing) return
    if (this.#dropped > 0) report(`${this.#dropped} log lines dropped: the output was not being read.`)
    this.#dropped = 0
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
 * Reports on stderr. If stderr is closed too, the message is dropped instead of ending the process.
 */
function report(message: string): void {
  if (!process.stderr.listeners('error').includes(ignore)) process.stderr.on('error', ignore)
  process.stderr.write(`${message}\n`)
}

const ignore = (): void => {}

/** Thrown by a job that knows when its next try may come to something: after a `Retry-After`, for one. The try counts as failed. */
export class RetryLater extends Error {
  override readonly name = 'RetryLater'
  /** How long it waits for its next try, in milliseconds. */
  readonly delayMs: number

  constructor(delayMs: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.delayMs = delayMs
  }
}

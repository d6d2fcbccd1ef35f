import type { CapabilityStart, OpenCapability } from '../../kernel/background/open-capability.ts'

/** A mail. */
export interface MailMessage {
  /** The address of the recipient. */
  readonly to: string
  readonly subject: string
  /** The body as plain text. */
  readonly text: string
  /** The body as HTML. Default: only text. */
  readonly html?: string | undefined
}

/** The call of {@link Mail.send}. */
export interface MailCall {
  /** Aborted if the job that sends the mail ends. */
  readonly signal: AbortSignal
  /** The same key for all attempts to send this mail, for providers that accept one. */
  readonly key: string
}

/**
 * The port through which mails are sent. A job calls it, and calls it again after a failure, so a
 * mail may arrive twice.
 */
export interface Mail {
  /**
   * Sends a mail. If it throws, the job tries again later; if it throws `GiveUp`, the job fails
   * permanently.
   */
  send(message: MailMessage, call: MailCall): Promise<void>
  /**
   * Called at each start of a service that sends mails. If it throws, the service does not start.
   * Default: nothing.
   */
  open?(start: CapabilityStart): OpenCapability | Promise<OpenCapability>
}

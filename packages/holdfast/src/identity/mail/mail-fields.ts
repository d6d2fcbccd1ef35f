import { GiveUp } from '../../kernel/background/give-up.ts'
import type { MailMessage } from './mail.ts'

/** A sender: a name, which may be empty, and an address. */
export interface Sender {
  readonly name: string
  readonly address: string
}

// No character that separates or quotes addresses in a header or an SMTP command.
const addressForm = /^[^\s\p{Cc}@<>()[\]\\,;:"]+@[^\s\p{Cc}@<>()[\]\\,;:"]+$/u
const senderForm = /^(?<name>[^\p{Cc}<>]*)<(?<address>[^<>]*)>$/u
const maxAddressLength = 254
const maxSubjectLength = 500

/** Returns a sender; `undefined` if the text is neither an address nor `name <address>`. */
export function senderOf(text: string): Sender | undefined {
  const { name = '', address = text } = senderForm.exec(text.trim())?.groups ?? {}
  return isAddress(address.trim()) ? { name: name.trim(), address: address.trim() } : undefined
}

/**
 * Checks the fields that become headers and SMTP commands. A line break in one of them would add a
 * header or a recipient.
 *
 * @throws GiveUp if a field is invalid: a further attempt would have the same field.
 */
export function checkFields({ to, subject, text, html }: MailMessage): void {
  if (!isAddress(to)) throw new GiveUp('A mail was not sent: `to` is not a single plain address.')
  if (typeof subject !== 'string' || subject.length > maxSubjectLength || /\p{Cc}/u.test(subject))
    throw new GiveUp(
      `A mail was not sent: \`subject\` has more than ${maxSubjectLength} characters, or a line break or another control character.`,
    )
  // The library would read an object as a file or a URL to load.
  if (typeof text !== 'string' || (html !== undefined && typeof html !== 'string'))
    throw new GiveUp('A mail was not sent: `text` or `html` is not a string.')
}

function isAddress(text: unknown): text is string {
  return typeof text === 'string' && text.length <= maxAddressLength && addressForm.test(text)
}

// RFC 9110 section 5.6.2.
const form = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Returns true if a text is a token, the form required for header and cookie names. */
export function isToken(text: string): boolean {
  return form.test(text)
}

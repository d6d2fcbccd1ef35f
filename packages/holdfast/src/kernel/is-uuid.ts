/** Whether a text is a UUID, of whichever version: what is none, a database refuses with less to say. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}

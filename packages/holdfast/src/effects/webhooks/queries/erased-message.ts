/**
 * Returns an SQL condition for a message whose body was not erased. The body of a message is JSON,
 * so an empty text marks an erased body.
 */
export function isKept(message: string): string {
  return `${message}.body <> ''`
}

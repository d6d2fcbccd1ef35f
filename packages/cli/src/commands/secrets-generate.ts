import { randomBytes } from 'node:crypto'
import { type Command, offlineCommand } from '../command.ts'

// The min length of a key of SECRET_KEYS.
const keyBytes = 32

/** Prints a new key for `SECRET_KEYS`. */
export const secretsGenerate: Command = offlineCommand({
  name: 'secrets generate',
  summary: 'Print a new random key for SECRET_KEYS.',
  details:
    'The key is printed on stdout and stored nowhere: holdfast secrets generate > secrets/secret-keys. To rotate keys, append the new key to SECRET_KEYS after a comma; when all processes have it, move it to the front.',
  options: {},
  async run() {
    const key = randomBytes(keyBytes).toString('base64')
    return { data: { key }, text: () => key }
  },
})

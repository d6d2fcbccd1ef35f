import { rotateCursorKey } from 'holdfast/postgres'
import { type Command, command } from '../command.ts'

/** Creates a new key that signs cursors. */
export const cursorsRotate: Command = command({
  name: 'cursors rotate',
  summary: 'Create a new key for signing page cursors; the previous seven keys remain valid.',
  options: {},
  async run({ client }) {
    const key = await rotateCursorKey(client)
    return {
      data: { key },
      text: () =>
        `Cursors are now signed with key ${key}. A running process uses this key after its next start, or after it has received a cursor signed with this key.`,
    }
  },
})

import { rotateCursorKey } from 'holdfast/postgres'
import { type Command, command } from '../command.ts'

/** Creates a new key that signs cursors. */
export const cursorsRotate: Command = command({
  name: 'cursors rotate',
  summary: 'Makes another key that signs the cursors of pages; the seven before it are recognized still.',
  options: {},
  async run({ client }) {
    const key = await rotateCursorKey(client)
    return {
      data: { key },
      text: () =>
        `Cursors are signed with key ${key}: by each process from its next start, or from when it sees one of them.`,
    }
  },
})

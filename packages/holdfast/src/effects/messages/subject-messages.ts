import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import type { FoundRow, SubjectSource } from '../subjects/subject-source.ts'
import {
  deleteSubjectMessages,
  findSubjectMessages,
  forgetDeletedMessages,
  readSubjectMessages,
} from './queries/subject-messages.ts'

interface FoundMessage {
  readonly id: string
  readonly name: string
  readonly is_new: boolean
  /** The subscriptions that have not read the message. */
  readonly needed_by: readonly string[]
  readonly messages: number
  readonly deadLetters: number
}

/**
 * The messages of a subject, with their dead letters. A message is deleted once it has a position
 * and all of its subscriptions have read it. So no consumer or relay misses it, and the order
 * within its key is kept. Until then it is held.
 */
export const messageSource: SubjectSource = {
  kind: 'message',
  async find(client, page) {
    const rows = await runStatement<FoundMessage>(client, findSubjectMessages(page))
    return rows.map(({ id, name, messages, deadLetters, ...row }): FoundRow => ({
      id,
      name,
      held: holdOf(row),
      contents: { messages, deadLetters },
    }))
  },
  read: (client, _, ids) => runStatement<object>(client, readSubjectMessages(ids)),
  async erase(client, _, { ids }) {
    const [deleted] = await runStatement<{ messages: number; deadLetters: number }>(
      client,
      deleteSubjectMessages(ids),
    )
    await runStatement(client, forgetDeletedMessages(ids))
    return { ...deleted! }
  },
}

function holdOf({
  is_new: isNew,
  needed_by: neededBy,
}: Pick<FoundMessage, 'is_new' | 'needed_by'>): string | null {
  if (isNew) return 'not dispatched yet'
  return neededBy.length === 0 ? null : `not read yet by ${neededBy.join(', ')}`
}

import {
  complete,
  equals,
  holdfast,
  type Participant,
  readers,
  socketUsers,
  writers,
} from './participants.ts'

/** A measured task. */
export interface Task {
  readonly name: string
  readonly path: string
  readonly isMutation?: boolean
  readonly participants: readonly Participant[]
  /** The baseline: the figures of the other participants are divided by its figures. */
  readonly base: Participant
}

const hello = { path: '/hello' }
const account = { path: '/accounts/1' }
const transfer = { path: '/transfers', isMutation: true }

/** The tasks. */
export const tasks: readonly Task[] = [
  { ...hello, name: 'JSON route', participants: readers, base: holdfast },
  { ...account, name: 'Reading one row', participants: readers, base: holdfast },
  { ...transfer, name: 'Mutation', participants: writers, base: holdfast },
  { ...account, name: 'Unix socket: reading one row', participants: socketUsers, base: holdfast },
  { ...transfer, name: 'Unix socket: mutation', participants: socketUsers, base: holdfast },
  { ...hello, name: 'Equal footing: JSON route', participants: equals, base: complete },
  { ...account, name: 'Equal footing: reading one row', participants: equals, base: complete },
  { ...transfer, name: 'Equal footing: mutation with a job', participants: equals, base: complete },
]

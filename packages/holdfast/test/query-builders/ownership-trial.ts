import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import type { Answer, Caller, Identify } from 'holdfast'
import { afterAll } from 'vitest'

/*
 * The trial of a service whose rows belong to its callers. Random callers call random operations
 * with the ids of random rows. Each row contains a unique text. After each call:
 *
 * - the response contains no text from a different caller's row;
 * - no row of another caller has changed, and no other caller has a new row;
 * - the owner of a row is admitted to it, and a list contains all rows of its caller.
 */

/** The operations of the service under test. */
const operations = ['listNotes', 'getNote', 'changeNote', 'deleteNote', 'copyNote'] as const

/** A service with notes, in the table `notes` (`id`, `owner`, `text`). */
export interface NotesService {
  sql<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>
  send(
    operation: (typeof operations)[number],
    input: never,
    options: { readonly headers: Readonly<Record<string, string>> },
  ): Promise<Answer>
}

/** A row of the table. */
interface Note {
  readonly id: number
  readonly owner: string
  readonly text: string
}

/** Identifies the caller of the trial. */
export const identifyOwner: Identify = ({ header }): Caller | undefined => {
  const [kind, id] = header('x-caller')?.split(' ') ?? []
  return kind === undefined || id === undefined ? undefined : { kind, id }
}

/** Creates a folder with the migration of the notes. It is removed after the tests of the file. */
export async function noteMigrations(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-notes-'))
  afterAll(() => rm(folder, { recursive: true }))
  await writeFile(
    join(folder, '0001-notes.sql'),
    `create table notes (id int primary key generated always as identity, owner text not null, text text not null);`,
  )
  return folder
}

/** Returns a call that read or changed a different caller's row, or that was wrongly refused. */
export async function findLeak(
  tested: NotesService,
  { runs }: { readonly runs: number },
): Promise<string | undefined> {
  const caller = fc.constantFrom('user ann', 'user bob', 'user cat', 'service ann', '')
  const owner = fc.constantFrom('ann', 'bob', 'cat')
  const call = fc.record({
    caller,
    operation: fc.constantFrom(...operations),
    id: fc.integer({ min: 1, max: 6 }),
  })
  let leak: string | undefined
  const property = fc.asyncProperty(
    fc.array(owner, { minLength: 2, maxLength: 5 }),
    fc.array(call, { maxLength: 12 }),
    async (owners, calls) => {
      await tested.sql('truncate notes restart identity')
      await tested.sql(
        `insert into notes (owner, text) select owner, 'secret-' || n || '-' from unnest($1::text[]) with ordinality as given (owner, n)`,
        [owners],
      )
      for (const each of calls) {
        const found = await leakOf(each, tested)
        // Shrinking ends with a passing trial, so the last leak is kept.
        leak = found ?? leak
        if (found !== undefined) return false
      }
      return true
    },
  )
  const { failed } = await fc.check(property, { numRuns: runs })
  return failed ? (leak ?? 'the trial failed') : undefined
}

interface Call {
  readonly caller: string
  readonly operation: (typeof operations)[number]
  readonly id: number
}

async function leakOf({ caller, operation, id }: Call, tested: NotesService): Promise<string | undefined> {
  const before = await notesOf(tested)
  const input =
    operation === 'listNotes' ? {} : operation === 'changeNote' ? { id, text: `changed-${id}-` } : { id }
  const answer = await tested.send(operation, input as never, {
    headers: caller === '' ? {} : { 'x-caller': caller },
  })
  const after = await notesOf(tested)
  const name = caller.startsWith('user ') ? caller.slice('user '.length) : undefined
  const isForeign = (note: Note): boolean => note.owner !== name
  const what = `${operation} of ${id} as "${caller}" got ${answer.status} ${answer.body}`
  if (before.some((note) => isForeign(note) && answer.body?.includes(note.text))) return `read: ${what}`
  if (JSON.stringify(before.filter(isForeign)) !== JSON.stringify(after.filter(isForeign)))
    return `changed: ${what}`
  const own = before.filter((note) => !isForeign(note))
  const isWrong =
    operation === 'listNotes'
      ? name !== undefined && own.some(({ text }) => !answer.body?.includes(text))
      : own.some((note) => note.id === id) !== answer.status < 300
  return isWrong ? `decided wrongly: ${what}` : undefined
}

function notesOf(tested: NotesService): Promise<Note[]> {
  return tested.sql<Note>('select id, owner, text from notes order by id')
}

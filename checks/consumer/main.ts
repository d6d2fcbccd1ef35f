import { anyone, event, holdfast, pages } from 'holdfast'
import { drizzle, list } from 'holdfast/drizzle'
import { serve } from 'holdfast/node'
import { createTestDatabase, createTestService, until } from 'holdfast/testing'
import { getTableColumns } from 'drizzle-orm'
import { bigint, pgTable, text } from 'drizzle-orm/pg-core'
import { z } from 'zod'

// The program of a user's project. It imports everything from the package as npm would install it.

const notes = pgTable('notes', {
  id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  text: text().notNull(),
})
const welcomes = pgTable('welcomes', { note: bigint({ mode: 'number' }), by: text() })
const { query, mutation, job, consumer, service } = holdfast({
  database: drizzle({ notes, welcomes }, { migrations: new URL('./migrations/', import.meta.url) }),
})
const Note = z.object({ id: z.int(), text: z.string() })

const NoteAdded = event('note.added', { payload: z.object({ note: z.int() }) })

const welcome = job({
  name: 'welcome',
  input: z.object({ note: z.int() }),
  async run({ input, db }) {
    await db.insert(welcomes).values({ note: input.note, by: 'job' })
  },
})

const onNoteAdded = consumer({
  name: 'note-added',
  event: NoteAdded,
  async run({ message, db }) {
    await db.insert(welcomes).values({ note: message.payload.note, by: 'consumer' })
  },
})

const addNote = mutation({
  route: 'POST /notes',
  access: anyone('a test'),
  input: z.object({ text: z.string().max(100) }),
  output: Note,
  status: 201,
  async run({ input, db, jobs, publish }) {
    const [note] = await db.insert(notes).values(input).returning()
    await jobs.enqueue(welcome, { note: note!.id })
    await publish(NoteAdded, 'notes', { note: note!.id })
    return note!
  },
})

const listNotes = query({
  route: 'GET /notes',
  access: anyone('a test'),
  input: pages.input(),
  output: pages.output(Note),
  run: ({ input, db, page }) =>
    page(
      input,
      list([notes.id], ({ where, position }) =>
        db
          .select({ ...getTableColumns(notes), position })
          .from(notes)
          .where(where),
      ),
    ),
})

const notebook = service({
  name: 'notebook',
  operations: { addNote, listNotes },
  jobs: [welcome],
  consumers: [onNoteAdded],
})

const tested = await createTestService(notebook)
const first = await tested.send('addNote', { text: 'once' }, { key: 'k' })
const second = await tested.send('addNote', { text: 'once' }, { key: 'k' })
console.log(first.status, first.body === second.body, second.headers['idempotency-replayed'])
// A thread sends the heartbeats. The package must contain its file.
await until(async () => (await tested.sql('select from holdfast.job_heartbeats')).length > 0)
console.log('beats')
const countOf = async (by: string): Promise<number> =>
  (await tested.sql('select from welcomes where by = $1', [by])).length
await until(async () => (await countOf('job')) > 0 && (await countOf('consumer')) > 0, { timeout: '10s' })
console.log(`welcomed ${await countOf('job')}, told of ${await countOf('consumer')}`)
await tested.stop()

const database = await createTestDatabase()
const server = await serve(notebook, {
  port: 0,
  signals: false,
  env: { DATABASE_URL: database.url, LOG_LEVEL: 'error' },
  notify: () => {},
})
const headers = { 'content-type': 'application/json', 'idempotency-key': '"k"' }
await fetch(`${server.url}/notes`, { method: 'POST', headers, body: '{"text":"over HTTP"}' })
console.log(await (await fetch(`${server.url}/notes`)).text())
await server.stop()
await database.drop()

import { anyone, Forbidden, holdfast, Unauthenticated } from 'holdfast'
import { constraintOf, sqlStateOf } from 'holdfast/postgres'
import { z } from 'zod'
import { createBarrier } from './barrier.ts'
import { type QueryBuilder, type Sample, sample } from './query-builder.ts'

/** The number of calls that meet at the barrier. Each call holds one of the pool's connections. */
export const poolSize = 4

// Takes longer than a test may take, so the test fails unless the statement is cancelled.
const endlessly = 'select pg_sleep(600)::text as slept'

const Author = z.object({ id: z.int(), name: z.string() })
const Names = z.object({ names: z.array(z.string().nullable()).max(50) })
const Ids = z.object({ id: z.int(), others: z.array(z.int()).max(50) })

/** Records made by the handlers, for the tests to inspect. */
export interface Seen {
  /** The number of times that the handler of `addContended` has run. */
  contended: number
  /** For each statement run for `load`, the ids of the authors that it read. */
  readonly loads: number[][]
  /** Runs a statement with a `db` whose call has ended. */
  kept?: () => PromiseLike<unknown>
  /** The sample that `convert` has written and read again. */
  sample?: Sample
}

/** Creates a service that exercises the ways in which a naively bound query builder fails. */
export function createConformingService<Db>(builder: QueryBuilder<Db>, migrations: string) {
  const app = holdfast({
    database: builder.database({ migrations, connections: { reads: poolSize, writes: poolSize } }),
    // The credentials are the id of an author, or the name of an action to attempt. A query must
    // reject the actions.
    async identify({ header, db }) {
      const token = header('authorization')
      if (token === undefined) return undefined
      if (token === 'write') await builder.insertAuthor(db, { id: 9, name: 'sly' })
      if (token === 'nest') await builder.nest(db, async () => {})
      if (token === 'sleep') await builder.run(db, endlessly)
      const author = await builder.findAuthor(db, Number(token))
      if (!author) throw Unauthenticated()
      return { kind: 'author', id: author.name }
    },
  })
  const { query, mutation, job, one, service } = app
  const access = anyone('a test')
  const known = app.access('known()', async ({ caller, db }) => {
    const [author] = await builder.findAuthors(db, [1])
    return caller.id !== undefined && author?.name === caller.id ? caller : Forbidden()
  })
  const barrier = createBarrier(poolSize)
  const seen: Seen = { contended: 0, loads: [] }
  const nameOf = async (db: Db, id: number): Promise<string | null> =>
    (await builder.findAuthor(db, id))?.name ?? null
  // All calls at the barrier load the same rows at the same time. Each call then waits until all
  // calls have their results.
  const meet = async (db: Db, ids: readonly number[]): Promise<z.infer<typeof Names>> => {
    await barrier.arrive()
    const names = await Promise.all(ids.map((id) => nameOf(db, id)))
    await barrier.arrive()
    return { names }
  }

  const authorOf = one({
    rows({ db }, ids: readonly number[]) {
      seen.loads.push([...ids])
      return builder.findAuthors(db, ids)
    },
    key: (author) => author.id,
  })

  const note = job({ name: 'note', input: z.object({ id: z.int() }), run: async () => {} })
  const writeAuthor = job({
    name: 'write-author',
    input: Author,
    async run({ input, db, step }) {
      await step('before', async ({ db: inStep }) => {
        await builder.insertAuthor(inStep, { id: input.id + 1, name: `${input.name} in a step` })
      })
      await builder.insertAuthor(db, input)
    },
  })

  const operations = {
    addAuthor: mutation({
      route: 'POST /authors',
      access,
      input: Author.extend({ fails: z.boolean().default(false) }),
      output: Author,
      async run({ input: { id, name, fails }, db }) {
        await builder.insertAuthor(db, { id, name })
        if (fails) throw new RangeError('after all')
        return { id, name: (await nameOf(db, id)) ?? 'nobody' }
      },
    }),

    addPrepared: mutation({
      route: 'POST /prepared',
      access,
      input: z.object({ id: z.int(), like: z.int() }),
      output: Author,
      async prepare({ input: { like }, db }) {
        if (like === 0) await builder.insertAuthor(db, { id: 9, name: 'sly' })
        return nameOf(db, like)
      },
      async run({ input: { id }, prepared, db }) {
        const author = { id, name: `${prepared} again` }
        await builder.insertAuthor(db, author)
        return author
      },
    }),

    addContended: mutation({
      route: 'POST /contended',
      access,
      input: Author,
      async run({ input, db }) {
        seen.contended += 1
        await builder.insertAuthor(db, input)
        await builder.run(db, 'select contend() as contended')
      },
    }),

    addParts: mutation({
      route: 'POST /parts',
      access,
      repeats: { allow: 'each part has a savepoint of its own' },
      input: z.object({ parts: z.array(Author.extend({ fails: z.boolean() })).max(10) }),
      output: z.object({ caught: z.array(z.string()).max(10) }),
      async run({ input, db, jobs }) {
        const caught: string[] = []
        for (const { fails, ...author } of input.parts) {
          await builder
            .nest(db, async (savepoint) => {
              await jobs.enqueue(note, { id: author.id })
              await builder.insertAuthor(savepoint, author)
              if (fails) throw new RangeError('after all')
            })
            .catch((error: unknown) => {
              caught.push(
                error instanceof RangeError ? error.message : `${sqlStateOf(error)} ${constraintOf(error)}`,
              )
            })
        }
        return { caught }
      },
    }),

    addHidden: mutation({
      route: 'POST /hidden',
      access,
      async run({ db, jobs }) {
        await builder.insertAuthor(db, { id: 1, name: 'one' })
        await builder
          .nest(db, async (savepoint) => {
            await jobs.enqueue(note, { id: 1 })
            // The savepoint is in a transaction that has failed, and cannot be released.
            await Promise.resolve(builder.insertAuthor(savepoint, { id: 1, name: 'again' })).catch(() => {})
          })
          .catch(() => {})
      },
    }),

    addBoth: mutation({
      route: 'POST /both',
      access,
      async run({ db }) {
        await Promise.all(
          [1, 2].map((id) =>
            builder.nest(db, (savepoint) =>
              Promise.resolve(builder.insertAuthor(savepoint, { id, name: `${id}` })),
            ),
          ),
        )
      },
    }),

    meetKnown: query({
      route: 'GET /known-meetings',
      access: known,
      repeats: { allow: 'each call reads its own row' },
      input: Ids,
      output: Names,
      deadline: '15s',
      run: ({ input: { others }, db }) => meet(db, others),
    }),

    renameKnown: mutation({
      route: 'POST /known-names',
      access: known,
      output: z.object({ name: z.string().optional() }),
      async run({ caller, db }) {
        await builder.insertAuthor(db, { id: 2, name: `${caller.id} again` })
        return { name: caller.id }
      },
    }),

    meetInTransaction: mutation({
      route: 'POST /meetings',
      access,
      repeats: { allow: 'each call reads its own row' },
      input: Ids,
      output: Names,
      deadline: '15s',
      async run({ input: { id, others }, db }) {
        await builder.insertAuthor(db, { id, name: `${id}` })
        return meet(db, others)
      },
    }),

    meetInQuery: query({
      route: 'GET /meetings',
      access,
      repeats: { allow: 'each call reads its own row' },
      input: Ids,
      output: Names,
      deadline: '15s',
      run: ({ input: { others }, db }) => meet(db, others),
    }),

    findAuthor: query({
      route: 'GET /authors/{id}',
      access,
      input: z.object({ id: z.int() }),
      output: z.object({ name: z.string().nullable() }),
      run: async ({ input, db }) => ({ name: await nameOf(db, input.id) }),
    }),

    loadAuthors: query({
      route: 'GET /authors',
      access,
      input: z.object({ ids: z.array(z.int()).max(50) }),
      output: Names,
      async run({ input: { ids }, load }) {
        const authors = await Promise.all(ids.map((id) => load(authorOf, id)))
        return { names: authors.map((author) => author?.name ?? null) }
      },
    }),

    sneak: query({
      route: 'GET /sneaky',
      access,
      run: async ({ db }) => void (await builder.insertAuthor(db, { id: 1, name: 'sly' })),
    }),

    nestInQuery: query({
      route: 'GET /nested',
      access,
      run: ({ db }) => builder.nest(db, async () => {}),
    }),

    endTransaction: mutation({
      route: 'POST /ended',
      access,
      run: async ({ db }) => void (await builder.run(db, 'commit')),
    }),

    sleep: mutation({
      route: 'POST /sleeps',
      access,
      deadline: '500ms',
      input: z.object({ isNested: z.boolean() }),
      async run({ input, db }) {
        await builder.insertAuthor(db, { id: 1, name: 'tired' })
        if (!input.isNested) await builder.run(db, endlessly)
        else await builder.nest(db, async (savepoint) => void (await builder.run(savepoint, endlessly)))
      },
    }),

    sleepInQuery: query({
      route: 'GET /sleeps',
      access,
      deadline: '500ms',
      run: async ({ db }) => void (await builder.run(db, endlessly)),
    }),

    identifyBriefly: query({ route: 'GET /brief', access, deadline: '500ms', run: () => {} }),

    keep: mutation({
      route: 'POST /kept',
      access,
      async run({ db }) {
        seen.kept = () => builder.insertAuthor(db, { id: 1, name: 'late' })
      },
    }),

    enqueueAuthor: mutation({
      route: 'POST /enqueued',
      access,
      input: Author,
      async run({ input, jobs }) {
        await jobs.enqueue(writeAuthor, input)
      },
    }),

    convert: mutation({
      route: 'POST /values',
      access,
      async run({ db }) {
        await builder.writeSample(db, sample)
        seen.sample = await builder.readSample(db)
      },
    }),
  }

  return { service: service({ name: 'builder', operations, jobs: [note, writeAuthor] }), seen }
}

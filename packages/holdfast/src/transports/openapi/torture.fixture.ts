import { type Access, anyone, holdfast, pages, type PageSource, problem, Unauthenticated } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { z } from 'zod'

const { query, mutation, service } = holdfast({ database: postgres() })

/** Rejects callers that send no name. */
const named: Access = {
  name: 'named()',
  securitySchemes: { name: { in: 'header', name: 'x-name' } },
  authorize: ({ caller, header }) => (header('x-name') === undefined ? Unauthenticated() : caller),
}

const Tag = z.object({ label: z.string(), colour: z.string().nullable() }).meta({ id: 'Tag' })
const Tags = z.array(Tag).max(5).meta({ id: 'Tags' })
const Tree = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree).max(10)
  },
})
const Shape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('circle'), radius: z.number() }),
  z.object({ kind: z.literal('square'), side: z.number() }),
])
const Thing = z.object({
  id: z.string().meta({ examples: ['thing-1'] }),
  shape: Shape,
  tree: Tree,
  tags: Tags,
  pair: z.tuple([Tag, z.string()]),
  counts: z.record(z.string(), z.int()).meta({ maxProperties: 10 }),
  note: z.union([z.string(), z.int()]).nullable(),
})

/** A source of a list with one row. */
const oneRow: PageSource<{ readonly id: string }> = {
  orderings: [{ name: 'id', direction: 'asc', nulls: 'never' }],
  read: async () => [{ row: { id: '1' }, values: ['1'] }],
}

export const Broken = problem('broken', {
  status: 409,
  title: 'It is broken',
  extra: z.object({ parts: z.array(Tag).max(5), since: z.int().meta({ example: 7 }) }),
})
export const Gone = problem('gone', {
  status: 410,
  title: 'It is gone',
  extra: z.object({ year: z.int().meta({ example: 1999 }) }).meta({ id: 'Age' }),
  headers: { 'x-reason': 'age' },
})
export const Busy = problem('busy', { status: 429, title: 'It is busy', headers: { 'retry-after': '2' } })

const thing = (id: string): z.infer<typeof Thing> => ({
  id,
  shape: { kind: 'circle', radius: 2 },
  tree: { name: 'root', children: [{ name: 'leaf', children: [] }] },
  tags: [{ label: 'red', colour: null }],
  pair: [{ label: 'blue', colour: '#00f' }, 'one'],
  counts: { a: 1 },
  note: null,
})

/** A service with every kind of operation and every kind of schema. */
export const torture = service({
  name: 'torture',
  version: '2.1.0',
  description: 'Everything *at once*.',
  operations: {
    adorn: mutation({
      route: 'POST /adornments',
      summary: 'Adorn',
      access: anyone('a test'),
      input: z.object({ tags: Tags }),
      run: () => {},
    }),
    getThing: query({
      route: 'GET /things/{id}',
      summary: 'Read a thing',
      access: named,
      input: z.object({ id: z.string(), deep: z.boolean().default(false) }),
      output: Thing,
      problems: [Gone],
      run: ({ input }) => {
        if (input.id === 'gone') throw Gone({ year: 1999 })
        return thing(input.id)
      },
    }),
    listThings: query({
      route: 'GET /things',
      summary: 'List things',
      access: anyone('a test'),
      input: pages.input(
        z.object({ tag: z.array(z.string()).optional(), kind: z.enum(['circle', 'square']).optional() }),
      ),
      output: pages.output(Thing),
      run: ({ input, page }) => page(input, oneRow, ({ id }) => thing(id)),
    }),
    listTags: query({
      route: 'GET /tags',
      summary: 'List tags',
      access: anyone('a test'),
      input: pages.input(),
      output: pages.output(Tag),
      run: () => ({ items: [{ label: 'red', colour: null }] }),
    }),
    listTrees: query({
      route: 'GET /trees',
      summary: 'List trees',
      access: anyone('a test'),
      input: pages.input(),
      output: pages.output(Tree),
      run: ({ input, page }) => page(input, oneRow, ({ id }) => ({ name: id, children: [] })),
    }),
    createThing: mutation({
      route: 'POST /things',
      summary: 'Make a thing',
      description: 'At length.',
      access: anyone('a test'),
      input: z.object({ shape: Shape, tags: Tags, tree: Tree.optional() }),
      output: Thing,
      status: 201,
      location: '/things/{id}',
      problems: [Broken, Busy],
      run: ({ input }) => {
        if (input.tags.length === 0) throw Broken({ parts: [], since: 7 })
        return thing('1')
      },
    }),
    plantTree: mutation({
      route: 'PUT /trees/{name}',
      summary: 'Plant a tree',
      access: anyone('a test'),
      input: Tree,
      output: Tree,
      idempotency: { optional: 'the same tree is planted in the same place.' },
      run: ({ input }) => input,
    }),
    seedTree: mutation({
      route: 'POST /trees',
      summary: 'Seed a tree',
      access: anyone('a test'),
      input: Tree,
      run: () => {},
    }),
    renameThing: mutation({
      route: 'PATCH /things/{thing}/name',
      summary: 'Rename a thing',
      access: anyone('a test'),
      input: z.object({ thing: z.string(), name: z.string().meta({ example: 'a better name' }) }),
      run: () => {},
    }),
    removeThing: mutation({
      route: 'DELETE /things/{thing}',
      summary: 'Remove a thing',
      access: anyone('a test'),
      input: z.object({ thing: z.string(), force: z.boolean().optional() }),
      run: () => {},
    }),
    ping: mutation({
      route: 'POST /ping',
      summary: 'Say nothing',
      access: anyone('a test'),
      status: 202,
      run: () => {},
    }),
    home: query({
      route: 'GET /',
      summary: 'Begin',
      access: anyone('a test'),
      output: z.object({}),
      run: () => ({}),
    }),
  },
})

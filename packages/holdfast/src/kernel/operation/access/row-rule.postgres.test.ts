import {
  allOf,
  type Answer,
  anyOf,
  type Caller,
  hasScope,
  holdfast,
  problem,
  recentlySignedIn,
  signedIn,
  type User,
} from 'holdfast'
import { empty, postgres, sql } from 'holdfast/postgres'
import { createTestService, type TestService } from 'holdfast/testing'
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

interface Note {
  readonly id: number
  readonly owner: string
  readonly text: string
}

const app = holdfast({
  database: postgres(),
  identify({ header }): Caller | undefined {
    const [kind, id, ...scopes] = header('x-caller')?.split(' ') ?? []
    return kind === undefined || id === undefined ? undefined : { kind, id, scopes }
  },
})

const NoteNotFound = problem('note-not-found', { status: 404, title: 'There is no such note' })

const ownNote = app.row('ownNote()', {
  key: (input: { id: number }) => input.id,
  callers: signedIn(),
  async load({ key, caller, db, locks }) {
    expectTypeOf(caller).toEqualTypeOf<User>()
    const [note] = await db.query<Note & Record<string, unknown>>(sql`
      select id, owner, text from notes where id = ${key} and owner = ${caller.id}
      ${locks ? sql`for update` : empty}`)
    return note
  },
})

/** The number of runs of a rule, and the functions that it calls before and after its statement. */
let runs = 0
const nothing = async (): Promise<void> => {}
let before = nothing
let after = nothing

const allowedNote = (denied: 'hidden' | 'forbidden') =>
  app.row('allowedNote()', {
    key: (input: { id: number }) => input.id,
    denied,
    missing: NoteNotFound,
    async load({ key, db, locks }) {
      runs += 1
      await before()
      const [note] = await db.query<Note & Record<string, unknown>>(
        sql`select id, owner, text from notes where id = ${key} ${locks ? sql`for update` : empty}`,
      )
      await after()
      return note
    },
    allow: ({ row, caller }) => row.owner === caller.id,
  })

const member = app.members({
  async load({ key, caller, db }) {
    const [found] = await db.query<{ role: 'admin' | 'guest' }>(
      sql`select role from members where org = ${key} and account = ${caller.id}`,
    )
    return found
  },
  roleOf: ({ role }) => role,
})

const input = z.object({ id: z.int() })
const output = z.object({ text: z.string() })
let handled = 0

const getNote = app.query({
  route: 'GET /notes/{id}',
  access: ownNote,
  input,
  output,
  run({ row, caller }) {
    expectTypeOf(row.text).toEqualTypeOf<string>()
    expectTypeOf(caller).toEqualTypeOf<User>()
    handled += 1
    return { text: row.text }
  },
})
const changeNote = app.mutation({
  route: 'PUT /notes/{id}',
  access: ownNote,
  input: input.extend({ text: z.string() }),
  async run({ row, input: { text }, db }) {
    handled += 1
    await db.query(sql`update notes set text = ${text} where id = ${row.id}`)
  },
})
const forbidNote = app.query({
  route: 'GET /forbid/{id}',
  access: allowedNote('forbidden'),
  input,
  run: () => {},
})
const hideNote = app.query({
  route: 'GET /hide/{id}',
  access: allowedNote('hidden'),
  input,
  run: () => {},
})
const rerunNote = app.mutation({
  route: 'POST /rerun/{id}',
  access: allowedNote('hidden'),
  input,
  async run({ db }) {
    if (runs === 1) await db.query(sql`do $$ begin raise exception using errcode = '40001'; end $$`)
  },
})
const greedyNote = app.query({
  route: 'GET /greedy/{id}',
  access: ownNote,
  budget: 1,
  input,
  async run({ db }) {
    await db.query(sql`select 1`)
  },
})
const sensitiveNote = app.query({
  route: 'GET /sensitive/{id}',
  access: allOf(recentlySignedIn('10m'), ownNote),
  input,
  run({ row, caller }) {
    expectTypeOf(row.text).toEqualTypeOf<string>()
    expectTypeOf(caller.authenticatedAt).toEqualTypeOf<Date>()
  },
})
const supportNote = app.query({
  route: 'GET /support/{id}',
  access: anyOf(ownNote, hasScope('notes:read')),
  input,
  output,
  run({ row }) {
    expectTypeOf(row?.text).toEqualTypeOf<string | undefined>()
    return { text: row?.text ?? 'no row' }
  },
})
const noteOfOrg = app.query({
  route: 'GET /orgs/{org}/notes/{id}',
  access: allOf(signedIn(), member('org', 'admin'), ownNote),
  input: input.extend({ org: z.string() }),
  output,
  run({ row }) {
    expectTypeOf(row.role).toEqualTypeOf<'admin' | 'guest'>()
    return { text: row.role }
  },
})
const org = app.query({
  route: 'GET /orgs/{org}',
  access: member('org'),
  input: z.object({ org: z.string() }),
  output,
  run: ({ row }) => ({ text: row.role }),
})
const plain = app.query({
  route: 'GET /plain',
  access: signedIn(),
  run({ row }) {
    expectTypeOf(row).toEqualTypeOf<undefined>()
  },
})

const operations = {
  getNote,
  changeNote,
  forbidNote,
  hideNote,
  rerunNote,
  greedyNote,
  sensitiveNote,
  supportNote,
  noteOfOrg,
  org,
  plain,
}
const notes = app.service({ name: 'row-rules', operations })

const lines: string[] = []
let tested: TestService<typeof operations>
beforeAll(async () => {
  tested = await createTestService(notes, { statements: 'report', onLog: (line) => lines.push(line) })
  await tested.sql('create table notes (id int primary key, owner text not null, text text not null)')
  await tested.sql('create table members (org text, account text, role text)')
  await tested.sql(`insert into notes values (1, 'ann', 'of ann'), (2, 'bob', 'of bob')`)
  await tested.sql(`insert into members values ('acme', 'ann', 'admin'), ('acme', 'bob', 'guest')`)
})
afterAll(() => tested.stop())

const ann = { 'x-caller': 'user ann' }
const bob = { 'x-caller': 'user bob' }
const problemOf = ({ body }: Answer) => JSON.parse(body ?? '{}') as { readonly code: string }
const codeOf = (answer: Answer) => (answer.status < 300 ? answer.status : problemOf(answer).code)
const usage = () => ({ statements: 0, databaseMs: 0 })

describe('a rule about a row', () => {
  test('a rule about a row passes the row of the caller to the handler', async () => {
    const own = usage()
    expect(await tested.call.getNote({ id: 1 }, { headers: ann, usage: own })).toEqual({ text: 'of ann' })
    expect(own.statements).toBe(1)
  })

  test('a rule about a row answers alike if the row is missing and if it belongs to another caller', async () => {
    handled = 0
    const ask = async (operation: 'getNote' | 'hideNote', id: number) => {
      const used = usage()
      const answer = await tested.send(operation, { id }, { headers: ann, usage: used })
      const { status, headers } = answer
      return { status, headers, body: { ...problemOf(answer), requestId: '' }, statements: used.statements }
    }
    expect(await ask('getNote', 2)).toEqual(await ask('getNote', 3))
    expect(await ask('getNote', 2)).toMatchObject({ status: 404, body: { code: 'not-found' }, statements: 1 })
    expect(await ask('hideNote', 2)).toEqual(await ask('hideNote', 3))
    expect(await ask('hideNote', 2)).toMatchObject({ body: { code: 'note-not-found' }, statements: 1 })
    expect(handled).toBe(0)
  })

  test('a rule about a row answers with 403 if it does not hide the row', async () => {
    expect(codeOf(await tested.send('forbidNote', { id: 2 }, { headers: ann }))).toBe('forbidden')
    expect(codeOf(await tested.send('forbidNote', { id: 3 }, { headers: ann }))).toBe('note-not-found')
    expect(codeOf(await tested.send('forbidNote', { id: 2 }, { headers: bob }))).toBe(204)
  })

  test('a rule about a row checks the caller before the input', async () => {
    const own = usage()
    const wrong = { id: 'one' as never }
    expect(codeOf(await tested.send('getNote', wrong, { usage: own }))).toBe('unauthenticated')
    const service = { 'x-caller': 'service ann' }
    expect(codeOf(await tested.send('getNote', wrong, { headers: service, usage: own }))).toBe('forbidden')
    expect(codeOf(await tested.send('hideNote', wrong, { usage: own }))).toBe('unauthenticated')
    expect(codeOf(await tested.send('getNote', wrong, { headers: ann, usage: own }))).toBe('invalid-input')
    expect(own.statements).toBe(0)
  })

  test('a rule about a row locks the row in the transaction of the mutation', async () => {
    runs = 1
    let free: unknown
    after = async () => {
      free = await tested.sql('select id from notes where id = 1 for update skip locked')
    }
    try {
      expect(codeOf(await tested.send('rerunNote', { id: 1 }, { headers: ann }))).toBe(204)
      expect(free).toEqual([])
    } finally {
      after = nothing
    }
  })

  test('a rule about a row runs in each attempt of a mutation', async () => {
    runs = 0
    before = async () => {
      if (runs === 2) await tested.sql(`update notes set owner = 'bob' where id = 1`)
    }
    try {
      expect(codeOf(await tested.send('rerunNote', { id: 1 }, { headers: ann }))).toBe('note-not-found')
      expect(runs).toBe(2)
    } finally {
      before = nothing
      await tested.sql(`update notes set owner = 'ann' where id = 1`)
    }
  })

  test('a refusal is not stored as the answer of the key, and a replay needs no row', async () => {
    await tested.sql(`update notes set owner = 'bob' where id = 1`)
    const options = { headers: ann, key: 'refused-then-admitted' }
    const change = { id: 1, text: 'changed' }
    expect(codeOf(await tested.send('changeNote', change, options))).toBe('not-found')
    await tested.sql(`update notes set owner = 'ann' where id = 1`)
    expect(codeOf(await tested.send('changeNote', change, options))).toBe(204)
    await tested.sql(`update notes set owner = 'bob' where id = 1`)
    const replayed = await tested.send('changeNote', change, options)
    expect([replayed.status, replayed.headers['idempotency-replayed']]).toEqual([204, 'true'])
    expect(codeOf(await tested.send('changeNote', change, { ...options, headers: {} }))).toBe(
      'unauthenticated',
    )
    await tested.sql(`update notes set owner = 'ann', text = 'of ann' where id = 1`)
  })

  test('a rule about a row counts its statements in the budget of the operation', async () => {
    lines.length = 0
    expect(codeOf(await tested.send('greedyNote', { id: 1 }, { headers: ann }))).toBe(204)
    expect(lines.join('')).toContain('budget')
  })
})

describe('rules about rows are combined', () => {
  test('rules about rows are combined with all other rules: the row is that of the first', async () => {
    expect(codeOf(await tested.send('sensitiveNote', { id: 1 }, { headers: ann }))).toBe(
      'recent-sign-in-required',
    )
    const ask = (id: number, name: string, headers: Record<string, string>) =>
      tested.send('noteOfOrg', { id, org: name }, { headers })
    const found = await ask(1, 'acme', ann)
    expect(JSON.parse(found.body!)).toEqual({ text: 'admin' })
    expect(codeOf(await ask(2, 'acme', ann))).toBe('not-found')
    expect(codeOf(await ask(2, 'acme', bob))).toBe('forbidden')
    expect(codeOf(await ask(1, 'other', ann))).toBe('not-found')
  })

  test('rules about rows are combined with alternatives: the row is that of the rule that admits', async () => {
    const ask = (id: number, caller?: string) =>
      tested.send('supportNote', { id }, caller === undefined ? {} : { headers: { 'x-caller': caller } })
    expect(JSON.parse((await ask(1, 'user ann')).body!)).toEqual({ text: 'of ann' })
    expect(JSON.parse((await ask(1, 'user ann notes:read')).body!)).toEqual({ text: 'of ann' })
    expect(JSON.parse((await ask(1, 'user bob notes:read')).body!)).toEqual({ text: 'no row' })
    expect(JSON.parse((await ask(1, 'service help notes:read')).body!)).toEqual({ text: 'no row' })
    expect(codeOf(await ask(1, 'user bob'))).toBe('not-found')
    expect(codeOf(await ask(1, 'service help'))).toBe('forbidden')
    expect(codeOf(await ask(1))).toBe('unauthenticated')
  })

  test('a member needs one of the roles', async () => {
    const ask = async (name: string, headers = {}) =>
      codeOf(await tested.send('org', { org: name }, { headers }))
    expect(await ask('acme', bob)).toBe(200)
    expect(await ask('other', bob)).toBe('not-found')
    expect(await ask('acme')).toBe('unauthenticated')
  })
})

test('an operation without a rule about a row answers without a promise', () => {
  const answer = tested.running.call({
    operation: 'plain',
    input: { path: {}, query: {}, body: undefined },
    header: (name) => (name === 'x-caller' ? 'user ann' : undefined),
  })
  expect(answer).toMatchObject({ status: 204 })
})

test('an operation needs the input of its rule', () => {
  app.query({
    route: 'GET /wrong/{note}',
    // @ts-expect-error Property 'id' is missing.
    access: ownNote,
    input: z.object({ note: z.int() }),
    run: () => {},
  })
  app.query({
    route: 'GET /wrong/{id}',
    // @ts-expect-error Type 'string' is not assignable to type 'number'.
    access: ownNote,
    input: z.object({ id: z.string() }),
    run: () => {},
  })
  app.query({
    route: 'GET /wrong/{id}',
    // @ts-expect-error Property 'org' is missing.
    access: allOf(member('org'), ownNote),
    input: z.object({ id: z.int() }),
    run: () => {},
  })
  // @ts-expect-error 'owner' is not a role.
  expect(member('org', 'owner').name).toBe("member('org', 'owner')")
})

test('a check whose rule does not declare it admits no caller', async () => {
  const { checksRow: _, ...undeclared } = ownNote
  const read = app.query({ route: 'GET /read/{id}', access: undeclared, input, run: () => {} })
  const service = app.service({ name: 'undeclared-check', operations: { read } })
  await using running = await createTestService(service, { onLog: () => {} })
  const { status } = await running.send('read', { id: 1 }, { headers: ann })
  expect(status).toBe(500)
})

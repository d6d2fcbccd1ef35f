import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { anyone, event, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'

// The role that a handler switches to. It may write to the application's table, but to none of the
// framework's.

const role = 'holdfast_test_tenant'
const folder = await mkdtemp(join(tmpdir(), 'holdfast-role-'))
afterAll(() => rm(folder, { recursive: true }))
await writeFile(
  join(folder, '0001-notes.sql'),
  `
do $$ begin
  create role ${role};
exception when duplicate_object or unique_violation then null;
end $$;
grant ${role} to current_user;
create table notes (text text primary key, role text not null default current_user);
create table checked (role text not null);
grant insert, select on notes, checked to ${role};
create function check_later() returns trigger language plpgsql as $$
begin insert into checked values (current_user); return null; end $$;
create constraint trigger later after insert on notes
  deferrable initially deferred for each row execute function check_later();
create function be_tenant() returns void language sql as $$ select set_config('role', '${role}', true) $$;`,
)

const { job, mutation, query, service } = holdfast({ database: postgres({ migrations: folder }) })
const access = anyone('a test')
const Written = event('written', { payload: z.object({ text: z.string() }) })
const input = z.object({ text: z.string(), how: z.string() })

const writeLater = job({
  name: 'write-later',
  input,
  retry: { attempts: 1 },
  async run({ input: { text, how }, transaction }) {
    await transaction.query(how)
    await transaction.query('insert into notes values ($1)', [`${text} later`])
  },
})
const operations = {
  write: mutation({
    route: 'POST /notes',
    access,
    input,
    async run({ input: { text, how }, transaction, jobs, publish }) {
      await transaction.query(how)
      await transaction.query('insert into notes values ($1)', [text])
      await jobs.enqueue(writeLater, { text, how })
      await publish(Written, text, { text })
    },
  }),
  whoAmI: query({
    route: 'GET /role',
    access,
    output: z.object({ role: z.string() }),
    async run({ statements }) {
      const { rows } = await statements.query<{ role: string }>('select current_user as role')
      return rows[0]!
    },
  }),
}

let on: TestService<typeof operations>
beforeEach(async () => {
  on = await createTestService(service({ name: 'roles', operations, jobs: [writeLater] }))
})
afterEach(() => on.stop())

test.each([
  `set local role ${role}`,
  `/* as a tenant */ SET LOCAL ROLE "${role}"`,
  `select set_config('role', '${role}', true)`,
  `do $$ begin perform be_tenant(); end $$`,
])('a mutation and its job commit, and their rows belong to the role: %s', async (how) => {
  const key = { key: 'note-1' }
  const written = await on.send('write', { text: 'a', how }, key)
  expect(written.status).toBe(204)
  expect((await on.send('write', { text: 'a', how }, key)).headers).toMatchObject(written.headers)
  const notes = await until(async () => {
    const rows = await on.sql<{ text: string; role: string }>('select text, role from notes order by text')
    return rows.length === 2 && rows
  })
  expect(notes).toEqual([
    { text: 'a', role },
    { text: 'a later', role },
  ])
  // Deferred triggers have the privileges of the handler, not those of the framework.
  expect(await on.sql('select role from checked')).toEqual([{ role }, { role }])
  expect((await on.call.whoAmI({})).role).not.toBe(role)
})

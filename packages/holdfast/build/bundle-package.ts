import { readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { type InputOptions, type OutputOptions, rolldown } from 'rolldown'

const packageFolder = resolve(import.meta.dirname, '..')
const sources = join(packageFolder, 'src')

// A program of its own: a thread that loads one small file starts sooner.
const threadMain = 'effects/jobs/heartbeat/heartbeat-thread-main.ts'

const common = {
  platform: 'node',
  // Everything that the package imports by name is a dependency.
  external: /^[^./]/,
  // Node 24 has all syntax of the sources.
  transform: { target: 'esnext' },
  // A room is one file: a module that it imports later only delays the packages that it imports.
  checks: { ineffectiveDynamicImport: false },
} satisfies InputOptions

const output = {
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  // The sources are published too.
  sourcemap: true,
  sourcemapExcludeSources: true,
  minifyInternalExports: false,
  // They are in the declarations, and would make up a third of the code.
  comments: { jsdoc: false },
} satisfies OutputOptions

/**
 * Bundles the sources of the package into a folder: one file per entry point, and one per room that
 * the entry points share, such as `effects/jobs.js`. A process that loads them starts sooner than
 * one that loads a file per module, and a stack trace still names the room.
 */
export async function bundlePackage(folder: string): Promise<void> {
  await using entries = await rolldown({
    ...common,
    input: entryPoints(),
    preserveEntrySignatures: 'allow-extension',
  })
  await entries.write({
    ...output,
    dir: folder,
    codeSplitting: {
      groups: [{ debugName: 'rooms', name: chunkOf }],
      // A room must not absorb the rooms that it imports. Rooms depend on each other one way, so
      // their files do not import each other in a circle.
      includeDependenciesRecursively: false,
    },
  })
  await using thread = await rolldown({ ...common, input: join(sources, threadMain) })
  await thread.write({
    ...output,
    // Beside the file of its room, as in the sources.
    dir: join(folder, dirname(chunkOf(join(sources, threadMain))!)),
    codeSplitting: false,
  })
}

/** Returns the source file of each entry point, by its name in `dist`. */
function entryPoints(): Readonly<Record<string, string>> {
  const manifest = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string | { readonly 'holdfast:source': string }>>
  }
  return Object.fromEntries(
    Object.values(manifest.exports)
      .filter((entry) => typeof entry !== 'string')
      .map((entry) => [
        basename(entry['holdfast:source'], '.ts'),
        join(packageFolder, entry['holdfast:source']),
      ]),
  )
}

/**
 * Returns the name of the file that contains a module; `null` for the file of an entry point. The
 * kernel is one file, since every program needs most of it.
 */
function chunkOf(module: string): string | null {
  const [wing = '', room, file] = relative(sources, module).split(sep)
  if (room === undefined || wing === '..') return null
  if (wing === 'kernel') return wing
  // A wing of one room, whose name alone is that of an entry point.
  return file === undefined ? `${wing}/${wing}` : `${wing}/${room}`
}

import { readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { type InputOptions, type OutputOptions, rolldown } from 'rolldown'

const packageFolder = resolve(import.meta.dirname, '..')
const sources = join(packageFolder, 'src')

// The heartbeat thread is bundled separately, because a thread that loads one small file starts
// sooner.
const threadMain = 'effects/jobs/heartbeat/heartbeat-thread-main.ts'

const common = {
  platform: 'node',
  // Imports that begin with neither a dot nor a slash are dependencies, which are not bundled.
  external: /^[^./]/,
  // Node 24, the oldest supported version, supports all syntax of the sources.
  transform: { target: 'esnext' },
  // A dynamic import of a module in the same file is fine: it only delays loading the packages that
  // the module imports.
  checks: { ineffectiveDynamicImport: false },
} satisfies InputOptions

const output = {
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  // The source maps contain no sources, because the sources are published with the package.
  sourcemap: true,
  sourcemapExcludeSources: true,
  minifyInternalExports: false,
  // Doc comments are in the declaration files. In the code, they would be a third of its size.
  comments: { jsdoc: false },
} satisfies OutputOptions

/**
 * Bundles the sources of the package into a folder: one file per entry point, and one per room that
 * the entry points share, such as `effects/jobs.js`. A process that loads a few files starts sooner
 * than a process that loads one file per module. A stack trace still names the room.
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
      // A room must not absorb the rooms that it imports. Dependencies between rooms point one way,
      // so there are no import cycles between their files.
      includeDependenciesRecursively: false,
    },
  })
  await using thread = await rolldown({ ...common, input: join(sources, threadMain) })
  await thread.write({
    ...output,
    // The thread's file is in the same folder as the file of its room, because the sources have the
    // same layout.
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
  // A wing without rooms. The name of the wing alone is already the name of an entry point.
  return file === undefined ? `${wing}/${wing}` : `${wing}/${room}`
}

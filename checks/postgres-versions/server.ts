import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { copyPackage, programIn } from '../../packages/holdfast/src/storage/embedded/binary-package.ts'
import { makeFolder } from '../../packages/holdfast/src/storage/embedded/folders.ts'
import { serverAccount } from '../../packages/holdfast/src/storage/embedded/server-account.ts'
import { serverEnvironment } from '../../packages/holdfast/src/storage/embedded/server-environment.ts'
import { HoldfastError } from '../../packages/holdfast/src/kernel/base/holdfast-error.ts'
import { until } from '../../packages/holdfast/src/testing/until.ts'
import { freePort, listens } from '../../packages/holdfast/test/free-port.ts'

/** A Postgres server of a given version. */
export interface PostgresServer {
  readonly url: string
  /** Stops the server and deletes its data. */
  stop(): Promise<void>
}

/** Starts a server in a temporary folder, with the binaries of a registry package at `root`. */
export async function startPostgres(root: string): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-postgres-'))
  // Postgres refuses to run as root. The user that runs it may not be able to read node_modules.
  const account = serverAccount(folder)
  const binaries = join(folder, 'home', 'binaries')
  makeFolder(join(folder, 'home'), { mode: 0o755, account })
  copyPackage(root, binaries)
  await promisify(execFile)('chmod', ['755', folder])
  const data = join(folder, 'home', 'data')
  const asServer = { ...account, cwd: join(folder, 'home'), env: serverEnvironment() }
  const access = ['-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  await promisify(execFile)(programIn(binaries, 'initdb'), ['-D', data, ...access], asServer)
  const port = await freePort()
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    'fsync=off',
    'max_connections=300',
    'autovacuum_naptime=5s',
  ]
  const server = spawn(
    programIn(binaries, 'postgres'),
    ['-D', data, ...settings.flatMap((setting) => ['-c', setting])],
    { ...asServer, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const exited = once(server, 'exit')
  let log = ''
  server.stdout.on('data', () => {})
  server.stderr.on('data', (text) => (log = `${log}${text}`.slice(-4_000)))
  const killAtExit = (): void => void server.kill('SIGQUIT')
  process.on('exit', killAtExit)
  await until(() => {
    if (server.exitCode !== null) throw new HoldfastError('test-server-ended', `Postgres ended: ${log}`)
    return listens(port)
  })
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      server.kill('SIGINT')
      await exited
      process.off('exit', killAtExit)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError } from 'holdfast'
import { runCommand } from '../../../../checks/run-command.ts'

/**
 * Writes a Prisma schema into a folder and generates its client. Prisma would first download its
 * migration engine, which is not needed here. A path to an existing file prevents the download.
 */
export async function generatePrismaClient(folder: string, schema: string): Promise<void> {
  const path = join(folder, 'schema.prisma')
  await writeFile(path, schema)
  const { exitCode, stderr } = await runCommand(['prisma', 'generate', '--no-hints', '--schema', path], {
    cwd: folder,
    env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' },
  })
  if (exitCode !== 0) {
    throw new HoldfastError(
      'test-prisma-not-generated',
      `Prisma did not generate the client of ${path}: ${stderr}`,
    )
  }
}

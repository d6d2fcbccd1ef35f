import { createDatabase, type PostgresOptions } from '../assembly/create-database.ts'
import type { Database } from '../../kernel/service/database.ts'
import {
  type AnyPrismaClient,
  bindPrisma,
  type PrismaAdapter,
  type PrismaRead,
  type PrismaWrite,
} from './bind-prisma.ts'

/**
 * Creates a Postgres database that handlers use through Prisma:
 * `prisma((adapter) => new PrismaClient({ adapter }))`, with the client that `prisma generate`
 * created. The function is called once.
 */
export function prisma<Client extends AnyPrismaClient>(
  create: (adapter: PrismaAdapter) => Client,
  options: PostgresOptions = {},
): Database<PrismaRead<Client>, PrismaWrite<Client>> {
  const binding = bindPrisma(create)
  const database = createDatabase(binding, options)
  return {
    ...database,
    async open(host) {
      await binding.connect()
      return database.open(host)
    },
  }
}

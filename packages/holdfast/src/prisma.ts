export type {
  AnyPrismaClient,
  PrismaAdapter,
  PrismaRead,
  PrismaWrite,
} from './databases/prisma/bind-prisma.ts'
export { list, type RawQueryable } from './databases/prisma/list.ts'
export { owns, type PrismaOwned, type PrismaOwnsOptions } from './databases/prisma/owns.ts'
export { prisma } from './databases/prisma/prisma.ts'

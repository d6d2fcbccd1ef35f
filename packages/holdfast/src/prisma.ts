export type { AnyPrismaClient, PrismaAdapter, PrismaRead, PrismaWrite } from './prisma/bind-prisma.ts'
export { list, type RawQueryable } from './prisma/list.ts'
export { prisma } from './prisma/prisma.ts'

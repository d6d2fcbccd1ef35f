import { testConformance } from '../../../../test/query-builders/conformance.ts'
import { sqlBuilder } from '../../../../test/query-builders/sql-builder.ts'

await testConformance(sqlBuilder)

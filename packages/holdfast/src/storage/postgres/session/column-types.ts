import type pg from 'pg'
import { driversParser } from './driver-internals.ts'

/**
 * Parses column values. A type is parsed only if JavaScript values can hold every value of the
 * type; otherwise the value stays the text that Postgres sends. docs/postgres.md contains the table
 * of types.
 *
 * - The driver would parse `date` and `timestamp`, which have no time zone, as a `Date` in the zone
 *   of the process. It would parse `interval` and the geometric types as objects that no schema
 *   accepts and that cannot be sent back.
 * - The driver would also round the items of `numeric[]`, and return the arrays of many types as
 *   one text.
 */
export const columnTypes: pg.CustomTypesConfig = {
  getTypeParser(id: number, format?: 'text' | 'binary') {
    return (format === 'binary' ? undefined : parsers.get(id)) ?? driversParser(id, format)
  },
}

type Parse = (text: string) => unknown

const asText: Parse = (text) => text

const date = 1082
const timestamp = 1114
const interval = 1186
const point = 600
const circle = 718
const textArray = 1009

/**
 * Element types by array type, for the built-in types. `box` is missing: its arrays are written
 * with semicolons.
 */
const elementOf: Readonly<Record<number, number>> = {
  143: 142,
  199: 114,
  271: 5069,
  629: 628,
  651: 650,
  719: circle,
  775: 774,
  791: 790,
  1000: 16,
  1001: 17,
  1002: 18,
  1003: 19,
  1005: 21,
  1006: 22,
  1007: 23,
  1008: 24,
  1009: 25,
  1010: 27,
  1011: 28,
  1012: 29,
  1013: 30,
  1014: 1042,
  1015: 1043,
  1016: 20,
  1017: point,
  1018: 601,
  1019: 602,
  1021: 700,
  1022: 701,
  1027: 604,
  1028: 26,
  1034: 1033,
  1040: 829,
  1041: 869,
  1115: timestamp,
  1182: date,
  1183: 1083,
  1185: 1184,
  1187: interval,
  1231: 1700,
  1263: 2275,
  1270: 1266,
  1561: 1560,
  1563: 1562,
  2201: 1790,
  2207: 2202,
  2208: 2203,
  2209: 2204,
  2210: 2205,
  2211: 2206,
  2287: 2249,
  2949: 2970,
  2951: 2950,
  3221: 3220,
  3643: 3614,
  3644: 3642,
  3645: 3615,
  3735: 3734,
  3770: 3769,
  3807: 3802,
  3905: 3904,
  3907: 3906,
  3909: 3908,
  3911: 3910,
  3913: 3912,
  3927: 3926,
  4073: 4072,
  4090: 4089,
  4097: 4096,
  4192: 4191,
  5039: 5038,
  6150: 4451,
  6151: 4532,
  6152: 4533,
  6153: 4534,
  6155: 4535,
  6157: 4536,
}

const parseTexts = driversParser(textArray)

const parsers = new Map<number, Parse>([date, timestamp, interval, point, circle].map((id) => [id, asText]))
for (const [id, element] of Object.entries(elementOf)) {
  const parse = parsers.get(element) ?? driversParser(element)
  parsers.set(Number(id), (text) => parseItems(parseTexts(text), parse))
}

function parseItems(items: unknown, parse: Parse): unknown {
  if (Array.isArray(items)) return items.map((item: unknown) => parseItems(item, parse))
  return items === null ? null : parse(items as string)
}

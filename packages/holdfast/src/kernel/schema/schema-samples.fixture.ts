import fc from 'fast-check'
import { z } from 'zod'

/** A schema with valid values. */
export interface Sample {
  readonly schema: z.ZodType
  readonly value: fc.Arbitrary<unknown>
}

/** The name and value of a member that no schema declares. */
export const undeclared = 'undeclared'

const word = fc.stringMatching(/^[a-z]{1,4}$/)
const whole = fc.integer({ min: -9, max: 9 })

/** Schemas without parts, some of which convert values. */
const leaves: readonly Sample[] = [
  { schema: z.string(), value: fc.string() },
  { schema: z.string().max(9).brand('word'), value: word },
  { schema: z.int(), value: whole },
  { schema: z.number(), value: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { schema: z.number().refine((number) => number > 0), value: fc.constantFrom(1, 2.5) },
  { schema: z.boolean(), value: fc.boolean() },
  { schema: z.null(), value: fc.constant(null) },
  { schema: z.literal(['a', 1, true]), value: fc.constantFrom('a', 1, true) },
  { schema: z.enum(['red', 'blue']), value: fc.constantFrom('red', 'blue') },
  { schema: z.iso.datetime(), value: fc.constant('2026-01-01T00:00:00Z') },
  { schema: z.templateLiteral(['n-', z.int()]), value: fc.constant('n-1') },
  { schema: z.url(), value: fc.constantFrom('http://a.example/', '  http://b.example ') },
  { schema: z.string().trim().toLowerCase(), value: fc.constantFrom(' A ', 'b') },
  { schema: z.string().overwrite((text) => text.slice(1)), value: word },
  { schema: z.coerce.number(), value: fc.constantFrom('5', 6, true, ['7']) },
  { schema: z.coerce.string(), value: fc.constantFrom(5, 'x', null, [1, 2]) },
  { schema: z.stringbool(), value: fc.constantFrom('yes', 'no') },
  { schema: z.codec(z.string(), z.number(), { decode: Number, encode: String }), value: fc.constant('7') },
  {
    schema: z
      .string()
      .transform((text) => text.length)
      .pipe(z.int()),
    value: word,
  },
  {
    schema: z.preprocess((given) => (typeof given === 'number' ? String(given) : given), z.string()),
    value: whole,
  },
  { schema: z.int().default(3), value: fc.option(whole, { nil: undefined }) },
  { schema: z.string().trim().prefault(' p '), value: fc.option(word, { nil: undefined }) },
  { schema: z.int().catch(4), value: fc.oneof(whole, word) },
  { schema: z.number().superRefine(() => {}), value: whole },
]

const leaf: fc.Arbitrary<Sample> = fc.constantFrom(...leaves)

const names = ['a', 'b', 'c'] as const

/** Returns schemas of every kind, nested up to a given depth. */
export function samples(depth: number): fc.Arbitrary<Sample> {
  if (depth === 0) return leaf
  const inner = samples(depth - 1)
  return fc.oneof(
    { arbitrary: leaf, weight: 2 },
    { arbitrary: objects(inner), weight: 4 },
    inner.map(({ schema, value }) => ({
      schema: schema.optional(),
      value: fc.option(value, { nil: undefined }),
    })),
    inner.map(({ schema, value }) => ({ schema: schema.nullable(), value: fc.option(value) })),
    inner.map(({ schema, value }) => ({ schema: schema.readonly(), value })),
    inner.map(({ schema, value }) => ({ schema: z.lazy(() => schema), value })),
    inner.map(({ schema, value }) => ({
      schema: z.array(schema).max(3),
      value: fc.array(value, { maxLength: 3 }),
    })),
    inner.map(({ schema, value }) => ({
      schema: z.record(z.string(), schema),
      value: fc.dictionary(word, value, { maxKeys: 3 }),
    })),
    inner.map(({ schema, value }) => ({
      schema: z.partialRecord(z.enum(names), schema),
      value: fc.dictionary(fc.constantFrom(...names), value),
    })),
    fc.tuple(inner, inner).map(([first, rest]) => ({
      schema: z.tuple([first.schema], rest.schema),
      value: fc
        .tuple(first.value, fc.array(rest.value, { maxLength: 2 }))
        .map(([one, more]) => [one, ...more]),
    })),
    fc.array(inner, { minLength: 2, maxLength: 3 }).map((options) => ({
      schema: z.union(options.map(({ schema }) => schema)),
      value: fc.oneof(...options.map(({ value }) => value)),
    })),
    alternativesOfOneType(inner),
    discriminated(inner),
    intersections(inner),
    inner.map(recursive),
  )
}

type Shape = Readonly<Record<string, Sample>>

const shapes = (inner: fc.Arbitrary<Sample>): fc.Arbitrary<Shape> =>
  fc.dictionary(fc.constantFrom(...names), inner, { minKeys: 1 })

function objects(inner: fc.Arbitrary<Sample>): fc.Arbitrary<Sample> {
  return fc
    .tuple(shapes(inner), inner, fc.constantFrom('strip', 'strict', 'catchall'))
    .map(([shape, rest, mode]) => {
      const members = valuesOf(shape)
      switch (mode) {
        case 'strict':
          return { schema: z.strictObject(schemasOf(shape)), value: members }
        case 'catchall':
          return {
            schema: z.object(schemasOf(shape)).catchall(rest.schema),
            value: fc
              .tuple(members, fc.dictionary(fc.constant('x'), rest.value))
              .map(([own, more]) => ({ ...more, ...own })),
          }
        default:
          return { schema: z.object(schemasOf(shape)), value: planted(members) }
      }
    })
}

function alternativesOfOneType(inner: fc.Arbitrary<Sample>): fc.Arbitrary<Sample> {
  return fc.tuple(objects(inner), objects(inner)).map(([first, second]) => ({
    schema: z.union([z.array(first.schema).max(3), z.array(second.schema).max(3)]),
    value: fc.oneof(fc.array(first.value, { maxLength: 3 }), fc.array(second.value, { maxLength: 3 })),
  }))
}

function discriminated(inner: fc.Arbitrary<Sample>): fc.Arbitrary<Sample> {
  return fc.tuple(shapes(inner), shapes(inner)).map(([first, second]) => ({
    schema: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('first'), ...schemasOf(first) }),
      z.object({ kind: z.enum(['second', 'third']), ...schemasOf(second) }),
    ]),
    value: fc.oneof(
      planted(valuesOf(first)).map((members) => ({ ...members, kind: 'first' })),
      planted(valuesOf(second)).map((members) => ({ ...members, kind: 'third' })),
    ),
  }))
}

/** Both sides declare `deep`, each with a different member. */
function intersections(inner: fc.Arbitrary<Sample>): fc.Arbitrary<Sample> {
  return fc.tuple(inner, inner).map(([left, right]) => ({
    schema: z.intersection(
      z.object({ left: left.schema, deep: z.object({ l: z.int() }) }),
      z.object({ right: right.schema, deep: z.object({ r: z.int() }) }),
    ),
    value: planted(
      fc.record({ left: left.value, right: right.value, deep: planted(fc.record({ l: whole, r: whole })) }),
    ),
  }))
}

function recursive({ schema, value }: Sample): Sample {
  const tree: z.ZodType = z.object({
    own: schema,
    get children() {
      return z.array(tree).max(2).optional()
    },
  })
  const leafValue = planted(fc.record({ own: value }))
  return {
    schema: tree,
    value: planted(fc.record({ own: value, children: fc.array(leafValue, { maxLength: 2 }) })),
  }
}

function schemasOf(shape: Shape): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(shape).map(([name, { schema }]) => [name, schema]))
}

function valuesOf(shape: Shape): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(Object.fromEntries(Object.entries(shape).map(([name, { value }]) => [name, value])))
}

function planted(members: fc.Arbitrary<object>): fc.Arbitrary<Record<string, unknown>> {
  return fc
    .tuple(members, fc.boolean())
    .map(([own, isPlanted]) =>
      isPlanted ? { ...own, [undeclared]: { [undeclared]: undeclared } } : { ...own },
    )
}

/** The getters of a class, in the form that {@link defineOwnGetters} takes. */
export type Getters = readonly (readonly [name: string, descriptor: PropertyDescriptor])[]

/** Returns the getters of a class, read from its prototype. */
export function gettersOf(prototype: object): Getters {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([, descriptor]) => descriptor.get !== undefined)
    .map(([name, descriptor]) => [name, { ...descriptor, enumerable: true }])
}

/**
 * Defines the getters of a class as own properties of an object, so that a copy, `{ ...context }`,
 * includes their values.
 *
 * Accessors in an object literal would have the same effect, but would create new functions, and
 * therefore a new hidden class, for each object. V8 keeps a hidden class, and everything that its
 * functions refer to, until a full garbage collection.
 */
export function defineOwnGetters(object: object, getters: Getters): void {
  for (const [name, descriptor] of getters) Object.defineProperty(object, name, descriptor)
}

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
 * Accessors in an object literal would do the same, but each object would get its own functions and
 * therefore its own hidden class: V8 keeps hidden classes until a full collection, with everything
 * that those functions refer to.
 */
export function defineOwnGetters(object: object, getters: Getters): void {
  for (const [name, descriptor] of getters) Object.defineProperty(object, name, descriptor)
}

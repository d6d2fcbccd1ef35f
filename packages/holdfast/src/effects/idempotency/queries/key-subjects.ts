/** The name of the table with the subjects of the keys in a leaf of the ring. */
export function subjectsName(leaf: number): string {
  return `holdfast.idempotency_subjects_${leaf}`
}

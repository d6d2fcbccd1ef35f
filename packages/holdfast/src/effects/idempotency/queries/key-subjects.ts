/** The name of the table with the subjects of a leaf's keys. */
export function subjectsName(leaf: number): string {
  return `holdfast.idempotency_subjects_${leaf}`
}

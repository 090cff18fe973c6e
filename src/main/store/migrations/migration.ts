/** One step of the schema. Shipped steps are never edited; the numbers rise in tens. */
export interface Migration {
  /** `user_version` after the step. */
  readonly version: number
  readonly slug: string
  readonly sql: string
}

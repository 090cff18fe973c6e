/** What another language must provide: the same keys as English, with its own words. */
export type Translated<Text> = {
  readonly [Key in keyof Text]: Text[Key] extends string ? string : Translated<Text[Key]>
}

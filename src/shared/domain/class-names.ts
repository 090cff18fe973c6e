/** Two names that give the same here are one class: neither case nor spaces at the ends tell classes apart. */
export function foldedClassName(name: string): string {
  return name.trim().normalize('NFC').toLowerCase()
}

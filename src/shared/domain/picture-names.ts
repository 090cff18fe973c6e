/** With their dot, in small letters. */
export const imageExtensions: readonly string[] = ['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff']

/** Whether a file is taken from a folder; one that is given itself is looked at whatever its name. */
export function hasImageExtension(name: string): boolean {
  const lower = name.toLowerCase()
  return imageExtensions.some((extension) => lower.endsWith(extension) && lower.length > extension.length)
}

/** The path without the ending of its last part; a dot in a folder's name stays. */
export function withoutEnding(path: string): string {
  return path.replace(/\.[^./]*$/, '')
}

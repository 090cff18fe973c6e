/** With their dot, in small letters. */
export const imageExtensions: readonly string[] = ['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff']

/** Whether a file is taken from a folder; one that is given itself is looked at whatever its name. */
export function hasImageExtension(name: string): boolean {
  const lower = name.toLowerCase()
  return imageExtensions.some((extension) => lower.endsWith(extension) && lower.length > extension.length)
}

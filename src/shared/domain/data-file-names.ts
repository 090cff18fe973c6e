/** Files that may hold annotations, with their dot, in small letters. */
export const dataExtensions: readonly string[] = ['.json', '.xml', '.yaml', '.yml', '.txt']

export function hasDataExtension(name: string): boolean {
  const lower = name.toLowerCase()
  return dataExtensions.some((extension) => lower.endsWith(extension) && lower.length > extension.length)
}

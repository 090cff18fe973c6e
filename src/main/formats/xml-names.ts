import type { ExportSource } from './format-types.ts'
import type { ExportProblems } from './selection.ts'
import { xmlText } from './xml.ts'

/**
 * The source with class names that XML can hold, still one for each class; those that had to be changed are listed. Control
 * characters come with imported class names: no XML file has a way to write them.
 */
export function withXmlClasses(source: ExportSource, problems: ExportProblems): ExportSource {
  const taken = new Set(source.classes.map(({ name }) => name))
  const classes = source.classes.map((record) => {
    let name = xmlText(record.name)
    if (name === record.name) return record
    while (taken.has(name)) name += '\uFFFD'
    taken.add(name)
    problems.add(
      name,
      'The name of this class holds characters that XML cannot hold, so it was written like this. Rename the class.',
    )
    return { ...record, name }
  })
  return { ...source, classes }
}

import { expect, it } from 'vitest'
import { filesOfField } from './given-files.ts'

/** A file as a folder field gives it. */
function below(path: string): File {
  const file = new File(['x'], path.split('/').at(-1) ?? '')
  Object.defineProperty(file, 'webkitRelativePath', { value: path })
  return file
}

it.each([
  ['a folder of pictures', ['p/a.jpg', 'p/.x/b.jpg', 'p/c.txt', 'p/s/d.png'], ['a.jpg', 'd.png']],
  ['the folder of a project', ['p/a.jpg', 'p/cache/e.jpg', 'p/backups/f.jpg', 'p/project.db'], ['a.jpg']],
])('of %s nothing else is handed over, by path or by content', async (_name, files, names) => {
  const list = files.map(below)
  const picked = filesOfField(Object.assign(list, { item: (at: number) => list[at] ?? null }))
  expect(picked.roots.map(({ name }) => name)).toEqual(names)
  const walked: string[] = []
  for await (const { file } of picked.walk()) walked.push(file.name)
  expect(walked).toEqual(names)
})

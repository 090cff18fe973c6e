import { expect, test } from 'vitest'
import { withUsableClasses } from './class-names.ts'
import type { ImportedDataSet } from './format-types.ts'
import { annotationOf } from './shapes.ts'

/** One image with one box of each class; `classes` as a file lists them, with ids where they have some. */
function dataSet(classes: readonly (readonly [name: string, id?: string])[]): ImportedDataSet {
  return {
    classes: classes.map(([name, originalId]) => ({
      name,
      parentName: null,
      annotations: 1,
      ...(originalId === undefined ? {} : { originalId }),
    })),
    images: [
      {
        fileName: 'a.png',
        width: 4,
        height: 4,
        annotations: classes.map(([className]) => annotationOf(className, { kind: 'box', box: [0, 0, 1, 1] })),
      },
    ],
    problems: [{ name: 'a.png', reason: 'Before.' }],
  }
}

function read(...classes: Parameters<typeof dataSet>[0]) {
  const { classes: left, images, problems } = withUsableClasses('file', dataSet(classes))
  const objects = images.flatMap(({ annotations }) => annotations.map(({ className }) => className))
  expect(left.map(({ name }) => name)).toEqual(objects)
  return { objects, reasons: problems.map(({ name, reason }) => `${name}: ${reason}`) }
}

test('sound names pass, a hundred times "ä" too', () => {
  const { objects, reasons } = read(['bolt'], ['ä'.repeat(100)], ['x'.repeat(200)], ['__proto__'])
  expect(objects).toHaveLength(4)
  expect(reasons).toEqual(['a.png: Before.'])
})

test('a name that no class can have costs its objects, in one sentence', () => {
  const { objects, reasons } = read([''], ['bolt'], ['x'.repeat(201)], ['a\0b'], ['x'.repeat(201)], ['half \uD800'])
  expect(objects).toEqual(['bolt'])
  expect(reasons).toEqual([
    'a.png: Before.',
    'file: A class without a name and its object were left out. Give it one in the file.',
    `file: The class "${'x'.repeat(40)}…" and its 2 objects were left out: its name has 201 characters, more than a class can have. Shorten it in the file.`,
    'file: The class "a\uFFFDb" and its object were left out: its name holds control characters. Rename it in the file.',
    'file: The class "half \uFFFD" and its object were left out: its name holds control characters. Rename it in the file.',
  ])
})

test('classes of the file that become one are told', () => {
  const { objects, reasons } = read(['Cat', '1'], ['dog', '2'], ['cat ', '3'], ['dog', '4'])
  expect(objects).toHaveLength(4)
  expect(reasons.slice(1)).toEqual([
    'file: "Cat" (1) and "cat " (3) of the file became one class, since names that are the same but for case are one. Rename one in the file to keep them apart.',
    'file: "dog" (2) and "dog" (4) of the file became one class, since names that are the same but for case are one. Rename one in the file to keep them apart.',
  ])
  expect(read(['Cat'], ['CAT']).reasons[1]).toContain('"Cat" and "CAT" of the file became one class')
})

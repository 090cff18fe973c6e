import { expect, test } from 'vitest'
import { ExportProblems } from './selection.ts'
import { WrittenFiles } from './written-files.ts'

test('what is said of an export does not grow without end, and says so', () => {
  const problems = new ExportProblems()
  for (let index = 0; index < 12_345; index++) {
    problems.add(`${index}.jpg`, 'It lost a part.')
    problems.count(`${index}.jpg`, 'is turned.')
  }
  const list = problems.list()
  expect(list).toHaveLength(10_002)
  expect(list.slice(-2)).toEqual([
    { name: '9999.jpg', reason: '2345 more problems follow this image and are not listed.' },
    { name: '0.jpg', reason: '12345 images, this one first: each is turned.' },
  ])
})

test('files that make an export come first, of the others the first thousand', () => {
  const files = new WrittenFiles()
  for (let index = 0; index < 3000; index++) files.add(`${index}.png`, `${index}.xml`)
  expect(files.list('main.txt').slice(0, 3)).toEqual(['main.txt', '0.png', '0.xml'])
  expect(files.list('main.txt')).toHaveLength(1000)
  expect(new WrittenFiles().list('main.txt')).toEqual(['main.txt'])
})

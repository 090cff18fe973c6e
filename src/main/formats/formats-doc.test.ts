import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatProperties } from '../../shared/contract/contract.ts'
import { formats } from './registry.ts'

test('the table of what each format keeps says what the registry says', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/formats.md'), 'utf8')
  const cells = text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
  const written = cells.map(([, name = '', ...held]) => [name.replaceAll('`', ''), held.slice(0, -1)])
  const inOrder = Object.values(formats).map(({ id, holds }) => {
    return [id, formatProperties.map((property) => (holds[property] ? 'yes' : 'no'))]
  })
  expect(written).toEqual(inOrder)
  for (const id of Object.keys(formats)) expect(text).toContain(`(\`${id}\`)`)
})

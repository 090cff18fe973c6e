import { describe, expect, test } from 'vitest'
import { presenceThreshold, tokenEntrySchema } from './msdnet-entry.ts'

const presenceThresholds = [
  { supports: 1, value: 0.1 },
  { supports: 4, value: 0.3 },
  { supports: 8, value: 0.2 },
]

describe('the presence threshold', () => {
  test.each([
    [1, 0.1],
    [2, 0.2],
    [4, 0.3],
    [8, 0.2],
    [20, 0.2],
  ])('for %i supports is %f', (supports, expected) => {
    expect(presenceThreshold({ presenceThresholds }, supports)).toBeCloseTo(expected, 12)
  })

  test('is the first one for fewer supports than were measured', () => {
    expect(presenceThreshold({ presenceThresholds: presenceThresholds.slice(1) }, 1)).toBe(0.3)
  })

  test('is refused out of order and without any', () => {
    const list = tokenEntrySchema.shape.recipe.shape.presenceThresholds
    expect(list.safeParse(presenceThresholds).success).toBe(true)
    expect(list.safeParse(presenceThresholds.toReversed()).success).toBe(false)
    expect(list.safeParse([presenceThresholds[0], presenceThresholds[0]]).success).toBe(false)
    expect(list.safeParse([]).success).toBe(false)
  })
})

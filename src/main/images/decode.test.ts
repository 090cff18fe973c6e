import { expect, test } from 'vitest'
import { reading } from './decode.ts'

test('a failure whose words another picture has taken is asked for them again', async () => {
  const failures = ['Unknown error', 'Unknown error', 'VipsJpeg: premature end of JPEG image']
  const work = (): Promise<never> => Promise.reject(new Error(failures.shift()))
  await expect(reading('/photos/cut.jpg', work)).rejects.toThrow(
    'cut.jpg is damaged and cannot be decoded (VipsJpeg: premature end of JPEG image)',
  )
})

test('a failure that stays without words is one all the same', async () => {
  let asked = 0
  const work = (): Promise<never> => {
    asked++
    return Promise.reject(new Error('Unknown error'))
  }
  await expect(reading('/photos/cut.jpg', work)).rejects.toMatchObject({ code: 'InvalidInput', key: 'imageDamaged' })
  expect(asked).toBe(3)
})

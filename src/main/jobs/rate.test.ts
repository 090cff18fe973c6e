import { expect, test } from 'vitest'
import { Rate } from './rate.ts'

test('nothing is known before the first image', () => {
  const rate = new Rate(1000)
  expect([rate.imagesPerSecond(), rate.secondsLeft(5)]).toEqual([null, null])
})

test('the first image counts from the start of the job', () => {
  const rate = new Rate(1000)
  rate.count(1500)
  expect([rate.imagesPerSecond(), rate.secondsLeft(5)]).toEqual([2, 2.5])
})

test('only the last twenty images count', () => {
  const rate = new Rate(0)
  for (let image = 1; image <= 10; image++) rate.count(image * 10_000)
  expect(rate.imagesPerSecond()).toBeCloseTo(0.1)
  for (let image = 1; image <= 20; image++) rate.count(100_000 + image * 250)
  expect(rate.imagesPerSecond()).toBeCloseTo(4)
})

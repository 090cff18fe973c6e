import { expect, test } from 'vitest'
import { Lru } from './lru.ts'

test('what was used longest ago goes first, by bytes', () => {
  const lru = new Lru<string>(6, (value) => value.length)
  lru.set('a', 'xx')
  lru.set('b', 'xx')
  lru.set('c', 'xx')
  expect(lru.get('a')).toBe('xx')
  lru.set('d', 'xxx')
  expect(['a', 'b', 'c', 'd'].map((key) => lru.get(key))).toEqual(['xx', undefined, undefined, 'xxx'])
})

test('replacing a value counts it once; one larger than everything is not kept', () => {
  const lru = new Lru<string>(4, (value) => value.length)
  lru.set('a', 'xxx')
  lru.set('a', 'xxxx')
  expect(lru.get('a')).toBe('xxxx')
  lru.set('b', 'xxxxx')
  expect([lru.get('a'), lru.get('b')]).toEqual([undefined, undefined])
  lru.set('c', 'xxxx')
  expect(lru.get('c')).toBe('xxxx')
})

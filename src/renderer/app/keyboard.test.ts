import { describe, expect, it } from 'vitest'
import { matchesKey } from './keyboard.ts'
import type { KeyPress } from './keyboard.ts'

function press(key: string, code: string, modifiers = ''): KeyPress {
  return {
    key,
    code,
    ctrlKey: modifiers.includes('c'),
    metaKey: modifiers.includes('m'),
    shiftKey: modifiers.includes('s'),
    altKey: modifiers.includes('a'),
  }
}

describe('matchesKey', () => {
  it.each([
    ['D', press('d', 'KeyD'), true],
    ['D', press('D', 'KeyD', 's'), false],
    ['Shift+D', press('D', 'KeyD', 's'), true],
    ['D', press('d', 'KeyD', 'c'), false],
    ['Ctrl+Z', press('z', 'KeyZ', 'c'), true],
    ['Ctrl+Z', press('Z', 'KeyZ', 'cs'), false],
    ['Ctrl+Shift+Z', press('Z', 'KeyZ', 'cs'), true],
    // Cmd on a Mac.
    ['Ctrl+Z', press('z', 'KeyZ', 'm'), true],
    // A German keyboard prints Z where an English one has Y.
    ['Ctrl+Z', press('z', 'KeyY', 'c'), true],
    // A French keyboard prints & on the digit row; the key's place counts.
    ['1', press('&', 'Digit1'), true],
    ['1', press('1', 'Numpad1'), true],
    ['1', press('1', 'Digit1', 'c'), false],
    ['Ctrl+1', press('1', 'Digit1', 'c'), true],
    ['[', press('ü', 'BracketLeft'), true],
    ['[', press('[', 'Digit8', 'ca'), false],
    [']', press(']', 'BracketRight'), true],
    // Shift+ß on a German keyboard, Shift+/ on an English one.
    ['?', press('?', 'Minus', 's'), true],
    ['?', press('?', 'Slash', 's'), true],
    ['/', press('/', 'Digit7', 's'), true],
    ['Delete', press('Delete', 'Delete'), true],
    ['Shift+Delete', press('Delete', 'Delete', 's'), true],
    ['Delete', press('Delete', 'Delete', 's'), false],
    ['Ctrl+Enter', press('Enter', 'Enter', 'c'), true],
    ['Enter', press('Enter', 'Enter', 'c'), false],
    ['Space', press(' ', 'Space'), true],
    ['F1', press('F1', 'F1'), true],
    ['ArrowRight', press('ArrowRight', 'ArrowRight'), true],
    ['+', press('+', 'Equal', 's'), true],
    ['-', press('-', 'Minus'), true],
  ] as const)('%s against %o is %s', (chord, pressed, expected) => {
    expect(matchesKey(pressed, chord)).toBe(expected)
  })
})

import type { keys as english } from '../en/keys.ts'
import type { Translated } from '../translated.ts'

export const keys: Translated<typeof english> = {
  Ctrl: 'Strg',
  Shift: 'Umschalt',
  Alt: 'Alt',
  Escape: 'Esc',
  Delete: 'Entf',
  Backspace: 'Rücktaste',
  Enter: 'Eingabe',
  Tab: 'Tab',
  Space: 'Leertaste',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  click: 'Klick',
  doubleClick: 'Doppelklick',
  drag: 'Ziehen',
  middleDrag: 'Ziehen mit der mittleren Taste',
  wheel: 'Mausrad',
}

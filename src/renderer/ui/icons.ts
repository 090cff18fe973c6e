import { createLucideIcon } from 'lucide-react'

/** "1:1", in the strokes of the other icons. */
export const ActualSize = createLucideIcon('actual-size', [
  ['path', { d: 'M4 7.5l3.5-2.5v14', key: 'left' }],
  ['path', { d: 'M16 7.5l3.5-2.5v14', key: 'right' }],
  ['path', { d: 'M12 9.5v.5', key: 'upper' }],
  ['path', { d: 'M12 15.5v.5', key: 'lower' }],
])

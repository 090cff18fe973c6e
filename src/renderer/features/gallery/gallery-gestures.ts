import type { Gesture } from '../../app/commands.ts'

/** What pointer and arrows do in the grid; see `GalleryGrid.tsx`. */
export const galleryGestures: readonly Gesture[] = [
  { id: 'canvas.open', labelKey: 'help.gesture.open', keys: ['doubleClick'] },
  { id: 'canvas.extend', labelKey: 'help.gesture.extend', keys: ['Shift+click', 'Shift+ArrowRight'] },
  { id: 'canvas.toggle', labelKey: 'help.gesture.toggle', keys: ['Ctrl+click', 'Space'] },
  { id: 'canvas.walk', labelKey: 'help.gesture.walk', keys: ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'] },
]

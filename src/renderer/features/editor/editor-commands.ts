import type { ClassRecord } from '../../../shared/domain/records.ts'
import { invokeCommand, listCommands } from '../../app/commands.ts'
import type { Command, CommandContext } from '../../app/commands.ts'
import { preferences, setMaskOpacity } from '../../app/preferences.ts'
import { announce, selectAnnotation, session, setActiveClass } from '../../app/session.ts'
import { translate } from '../../i18n/index.ts'
import type { EditorController } from './editor-controller.ts'
import { editorView, setHidden, setLocked, setTool, stepBrush } from './editor-view.ts'
import type { Tool } from './editor-view.ts'
import { traceTolerance } from './traced-polygon.ts'

const opacityStep = 0.1
const zoomStep = 1.5
const digits = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'] as const
const reassignDigits = ['1', '2', '3', '4', '5', '6', '7', '8', '9'] as const
const farNudge = 10
const nudges = [
  { name: 'Left', dx: -1, dy: 0 },
  { name: 'Right', dx: 1, dy: 0 },
  { name: 'Up', dx: 0, dy: -1 },
  { name: 'Down', dx: 0, dy: 1 },
] as const

function tool(name: Tool, key: string): Command {
  return {
    id: `editor.${name}`,
    labelKey: `editor.command.${name}`,
    keys: [key],
    run: () => setTool(name),
  }
}

/** Everything a person can do in the editor; `controller` is null until the screen is there. */
export function editorCommands(
  controller: EditorController | null,
  classes: readonly ClassRecord[],
): readonly Command[] {
  const selected = () => session.getState().selectedAnnotationId
  const hasSelection = () => selected() !== null
  const drawsPolygon = () => editorView.getState().polygon.kind === 'drawing'
  const drawsStroke = () => editorView.getState().drawing
  const corner = () => controller?.outline.corner ?? null
  const isOnCanvas = () => controller?.view !== null && document.activeElement === controller?.view?.canvas
  return [
    tool('select', 'V'),
    tool('brush', 'B'),
    tool('eraser', 'E'),
    tool('polygon', 'P'),
    {
      id: 'editor.lastTool',
      labelKey: 'editor.command.lastTool',
      keys: ['N'],
      run: () => setTool(editorView.getState().lastTool),
    },
    {
      id: 'editor.finish',
      labelKey: 'editor.command.finish',
      keys: ['Enter'],
      isEnabled: drawsPolygon,
      run: () => controller?.polygon({ kind: 'finish' }),
    },
    {
      id: 'editor.endOutline',
      labelKey: 'editor.command.endOutline',
      keys: ['Enter'],
      isEnabled: () => corner() !== null,
      run: () => controller?.outline.take(null),
    },
    {
      id: 'editor.editOutline',
      labelKey: 'editor.command.editOutline',
      keys: ['Enter'],
      isEnabled: () => controller !== null && controller.outline.rings !== null,
      run: () => {
        controller?.view?.canvas.focus({ preventScroll: true })
        controller?.outline.take({ ring: 0, index: 0 })
      },
    },
    {
      id: 'editor.toPolygon',
      labelKey: 'editor.command.toPolygon',
      keys: ['Shift+P'],
      isEnabled: () => {
        const id = selected()
        const record = id === null ? undefined : controller?.document.annotation(id)
        return record?.kind === 'mask' && record.polygon === null && !drawsStroke() && !drawsPolygon()
      },
      run: () => convertToPolygon(controller),
    },
    {
      id: 'editor.cancel',
      labelKey: 'editor.command.cancel',
      keys: ['Escape'],
      isEnabled: () => drawsPolygon() || drawsStroke() || hasSelection(),
      run: () => controller?.escape(),
    },
    {
      id: 'editor.removePoint',
      labelKey: 'editor.command.removePoint',
      keys: ['Backspace', 'Ctrl+Z'],
      isEnabled: () => drawsPolygon() || drawsStroke(),
      run: () => {
        if (drawsStroke()) controller?.escape()
        else controller?.polygon({ kind: 'removeLast' })
      },
    },
    {
      id: 'editor.removeCorner',
      labelKey: 'editor.command.removeCorner',
      keys: ['Backspace'],
      isEnabled: () => corner() !== null,
      run: () => {
        const held = corner()
        if (held !== null) controller?.outline.remove(held)
      },
    },
    {
      id: 'editor.insertCorner',
      labelKey: 'editor.command.insertCorner',
      keys: ['I', 'Insert'],
      isEnabled: () => corner() !== null,
      run: () => controller?.outline.insertAfter(),
    },
    ...nudges.map(({ name, dx, dy }): Command => ({
      id: `editor.nudge${name}`,
      labelKey: `editor.command.nudge${name}`,
      keys: [`Arrow${name}`],
      isEnabled: () => corner() !== null,
      run: () => controller?.outline.nudge(dx, dy),
    })),
    ...nudges.map(({ name, dx, dy }): Command => ({
      id: `editor.nudgeFar${name}`,
      labelKey: `editor.command.nudgeFar${name}`,
      keys: [`Shift+Arrow${name}`],
      isEnabled: () => corner() !== null,
      run: () => controller?.outline.nudge(farNudge * dx, farNudge * dy),
    })),
    {
      // Only on the canvas, as from object to object.
      id: 'editor.nextCorner',
      labelKey: 'editor.command.nextCorner',
      keys: ['Tab'],
      isEnabled: () => isOnCanvas() && corner() !== null,
      run: () => controller?.outline.step(1),
    },
    {
      id: 'editor.previousCorner',
      labelKey: 'editor.command.previousCorner',
      keys: ['Shift+Tab'],
      isEnabled: () => isOnCanvas() && corner() !== null,
      run: () => controller?.outline.step(-1),
    },
    {
      // Undo means the last thing drawn, also when that is still on its way.
      id: 'editor.undoWhenSaved',
      labelKey: 'editor.command.undoWhenSaved',
      keys: ['Ctrl+Z'],
      isEnabled: () => {
        const saving = controller?.queue.state.getState()
        return saving !== undefined && saving.pending > 0 && saving.failure === null && !drawsPolygon()
      },
      run: (context) => undoWhenSaved(controller, context),
    },
    {
      id: 'editor.delete',
      labelKey: 'editor.command.delete',
      keys: ['Delete'],
      isEnabled: () => hasSelection() && !drawsStroke(),
      run: () => {
        const id = selected()
        if (id === null || controller?.permits(id) === false) return
        controller?.document.remove(id)
        selectAnnotation(null)
      },
    },
    {
      id: 'editor.brushSmaller',
      labelKey: 'editor.command.brushSmaller',
      keys: ['['],
      run: () => stepBrush(-1),
    },
    {
      id: 'editor.brushLarger',
      labelKey: 'editor.command.brushLarger',
      keys: [']'],
      run: () => stepBrush(1),
    },
    { id: 'editor.fit', labelKey: 'editor.command.fit', keys: ['Ctrl+F'], run: () => controller?.view?.fit() },
    {
      id: 'editor.actualSize',
      labelKey: 'editor.command.actualSize',
      keys: ['Ctrl+0'],
      run: () => controller?.view?.actualSize(),
    },
    {
      id: 'editor.zoomIn',
      labelKey: 'editor.command.zoomIn',
      keys: ['+', '='],
      run: () => controller?.view?.zoomBy(zoomStep),
    },
    {
      id: 'editor.zoomOut',
      labelKey: 'editor.command.zoomOut',
      keys: ['-'],
      run: () => controller?.view?.zoomBy(1 / zoomStep),
    },
    {
      id: 'editor.hide',
      labelKey: 'editor.command.hide',
      keys: ['H'],
      isEnabled: hasSelection,
      run: () => {
        const id = selected()
        if (id !== null) setHidden([id], !editorView.getState().hiddenIds.has(id))
      },
    },
    {
      id: 'editor.lock',
      labelKey: 'editor.command.lock',
      keys: ['L'],
      isEnabled: hasSelection,
      run: () => {
        const id = selected()
        if (id !== null) setLocked(id, !editorView.getState().lockedIds.has(id))
      },
    },
    {
      id: 'editor.crowd',
      labelKey: 'editor.command.crowd',
      keys: ['Shift+C'],
      isEnabled: () => hasSelection() && !drawsStroke(),
      run: () => {
        const id = selected()
        const record = id === null ? undefined : controller?.document.annotation(id)
        if (record !== undefined && controller?.permits(record.id) === true)
          controller.document.setCrowd(record.id, !record.crowd)
      },
    },
    {
      id: 'editor.hideAll',
      labelKey: 'editor.command.hideAll',
      keys: ['Shift+H'],
      run: () => {
        const ids = controller?.document.state.getState().annotations.map((record) => record.id) ?? []
        setHidden(ids, !ids.every((id) => editorView.getState().hiddenIds.has(id)))
      },
    },
    {
      id: 'editor.bare',
      labelKey: 'editor.command.bare',
      keys: ['X'],
      // By key it lasts until the key is released; a button switches.
      run: ({ source }) => editorView.setState(({ bare }) => ({ bare: source === 'key' || !bare })),
    },
    {
      // Only on the canvas, and not past the last object: the page stays walkable by Tab.
      id: 'editor.nextObject',
      labelKey: 'editor.command.nextObject',
      keys: ['Tab'],
      isEnabled: () => isOnCanvas() && controller?.neighbour(1) !== null,
      run: () => controller?.cycleSelection(1),
    },
    {
      id: 'editor.previousObject',
      labelKey: 'editor.command.previousObject',
      keys: ['Shift+Tab'],
      isEnabled: () => isOnCanvas() && controller?.neighbour(-1) !== null,
      run: () => controller?.cycleSelection(-1),
    },
    {
      id: 'editor.lessOpaque',
      labelKey: 'editor.command.lessOpaque',
      keys: [','],
      run: () => setMaskOpacity(preferences.getState().maskOpacity - opacityStep),
    },
    {
      id: 'editor.moreOpaque',
      labelKey: 'editor.command.moreOpaque',
      keys: ['.'],
      run: () => setMaskOpacity(preferences.getState().maskOpacity + opacityStep),
    },
    ...digits.map((digit): Command => ({
      id: `editor.class${digit}`,
      labelKey: `editor.command.class${digit}`,
      keys: [digit],
      isEnabled: () => classes.some((each) => each.key === digit),
      run: () => chooseClass(controller, classes, digit),
    })),
    ...reassignDigits.map((digit): Command => ({
      id: `editor.reassign${digit}`,
      labelKey: `editor.command.reassign${digit}`,
      keys: [`Ctrl+${digit}`],
      isEnabled: () => hasSelection() && classes.some((each) => each.key === digit),
      run: () => {
        const id = selected()
        const chosen = classes.find((each) => each.key === digit)
        if (id !== null && chosen !== undefined && controller?.permits(id) === true)
          controller.document.reassign(id, chosen.id)
      },
    })),
  ]
}

/** Says what the conversion cost, since it may change pixels. */
function convertToPolygon(controller: EditorController | null): void {
  const traced = controller?.toPolygon() ?? null
  if (traced === null) return
  const percent = Math.floor(traced.iou * 1000) / 10
  announce(translate('editor.toPolygonDone', { count: traced.corners, tolerance: traceTolerance, percent }), 'success')
}

/** Another class in hand means another object: what is selected of a different class is let go. */
function chooseClass(controller: EditorController | null, classes: readonly ClassRecord[], digit: string): void {
  const chosen = classes.find((each) => each.key === digit)
  if (chosen === undefined) return
  setActiveClass(chosen.id)
  const selectedId = session.getState().selectedAnnotationId
  const record = selectedId === null ? undefined : controller?.document.annotation(selectedId)
  if (record !== undefined && record.classId !== chosen.id) selectAnnotation(null)
}

async function undoWhenSaved(controller: EditorController | null, context: CommandContext): Promise<void> {
  if (controller === null || !(await controller.queue.settled())) return
  // Called whether or not it knows already that there is something to undo.
  const undo = listCommands().find((command) => command.id === 'app.undo')
  if (undo !== undefined) invokeCommand(undo, context)
}

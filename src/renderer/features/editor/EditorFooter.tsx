import { EyeOff, Maximize, Minus, Plus } from 'lucide-react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { CommandButton } from '../../app/CommandButton.tsx'
import { runCommand } from '../../app/commands.ts'
import { setMaskOpacity, usePreference } from '../../app/preferences.ts'
import { ActualSize } from '../../ui/icons.ts'
import { IconButton } from '../../ui/IconButton.tsx'
import { setBrushDiameter, useEditorView } from './editor-view.ts'

/** The slider is finer where brushes are small: its position is the square root of the diameter. */
const sliderSteps = 100
const sliderLargest = 300

/** How the brush and the masks look, and how large the image is shown. */
export function EditorFooter(properties: { readonly hasOutline: boolean }): ReactElement {
  const { t } = useTranslation()
  const { hasOutline } = properties
  const diameter = useEditorView((state) => state.brushDiameter)
  const opacity = usePreference((state) => state.maskOpacity)
  const zoom = useEditorView((state) => state.zoom)
  const drawsPolygon = useEditorView((state) => state.polygon.kind === 'drawing')
  const corner = useEditorView((state) => state.corner)
  const tool = useEditorView((state) => state.tool)
  const percent = Math.round(opacity * 100)
  const outlineHelp = corner === null ? t('editor.outlineHelp') : t('editor.cornerHelp')
  const polygonHelp = drawsPolygon ? t('editor.polygonHelp') : t('editor.polygonStartHelp')
  const help = tool === 'polygon' ? polygonHelp : tool === 'select' && hasOutline ? outlineHelp : ''
  const zoomPercent = zoom >= 0.1 ? Math.round(zoom * 100) : Math.round(zoom * 1000) / 10
  return (
    <footer className="flex h-9 shrink-0 items-center gap-4 border-t border-line bg-surface px-3 text-sm text-muted">
      <label className="flex shrink-0 items-center gap-2">
        {t('editor.brushSize')}
        <input
          type="range"
          className="w-24 accent-accent"
          min={1}
          max={sliderSteps}
          step={1}
          value={Math.round(Math.sqrt(diameter / sliderLargest) * sliderSteps)}
          aria-valuetext={t('editor.pixels', { count: diameter })}
          onChange={(event) => {
            setBrushDiameter((event.currentTarget.valueAsNumber / sliderSteps) ** 2 * sliderLargest)
          }}
        />
        <span data-testid="brush-diameter" className="w-12 text-text tabular-nums">
          {t('editor.pixels', { count: diameter })}
        </span>
      </label>
      <label className="flex shrink-0 items-center gap-2">
        {t('editor.opacity')}
        <input
          type="range"
          className="w-20 accent-accent"
          min={0}
          max={100}
          step={5}
          value={percent}
          onChange={(event) => setMaskOpacity(event.currentTarget.valueAsNumber / 100)}
        />
        <span className="w-9 text-text tabular-nums">{t('editor.percent', { percent })}</span>
      </label>
      <BareButton />
      <p className="line-clamp-2 min-w-0 flex-1 text-center text-xs leading-tight">{help}</p>
      <div role="group" aria-label={t('editor.zoom')} className="flex shrink-0 items-center">
        <CommandButton id="editor.zoomOut" icon={Minus} iconOnly />
        <span data-testid="zoom" className="w-12 text-center text-text tabular-nums">
          {t('editor.percent', { percent: zoomPercent })}
        </span>
        <CommandButton id="editor.zoomIn" icon={Plus} iconOnly />
        <span aria-hidden className="mx-1.5 h-4 w-px bg-line" />
        <CommandButton id="editor.fit" icon={Maximize} iconOnly />
        <CommandButton id="editor.actualSize" icon={ActualSize} iconOnly />
      </div>
    </footer>
  )
}

function BareButton(): ReactElement {
  const { t } = useTranslation()
  const bare = useEditorView((state) => state.bare)
  return (
    <IconButton
      icon={EyeOff}
      label={t('editor.command.bare')}
      keys="X"
      side="top"
      pressed={bare}
      data-command="editor.bare"
      onClick={() => void runCommand('editor.bare', { source: 'button' })}
    />
  )
}
